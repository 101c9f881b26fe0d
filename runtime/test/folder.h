/* folder.h - how many entries a folder has, and its end with all that is in it: for tests of files.
 * Next: test_relay_files.h. */
#pragma once

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>

/* With "." and "..". -1: there is no such folder. Of /proc/self/fd it is one more than else, as it
 * is open meanwhile. */
static inline int folder_entries(const char *path)
{
  int count = 0;
  DIR *folder = opendir(path);
  if (folder == NULL) {
    return -1;
  }
  while (readdir(folder) != NULL) {
    count++;
  }
  closedir(folder);
  return count;
}

static inline int folder_remove_one(const char *path, const struct stat *stat, int type,
                                    struct FTW *at)
{
  (void)stat, (void)type, (void)at;
  return remove(path);
}
/* 0, or -1 and errno. */
static inline int folder_remove(const char *path)
{
  return nftw(path, folder_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}
