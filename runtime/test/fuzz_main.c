/* fuzz_main.c - replays a corpus through a fuzz target where there is no libFuzzer: the arguments
 * are its files or folders. Each is also cut off at several places. Next: relay_hostile.c. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

#define INPUT_BYTES 65536u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *path)
{
  static uint8_t data[INPUT_BYTES];
  FILE *file = fopen(path, "rb");
  if (file == NULL) {
    perror(path);
    return -1;
  }
  const size_t size = fread(data, 1, sizeof data, file);
  fclose(file);
  for (size_t part = 1; part <= 4u; part++) {
    LLVMFuzzerTestOneInput(data, size * part / 4u);
  }
  return 1;
}

static int replay_all(const char *path)
{
  struct stat stat_of;
  char name[512];
  int done = 0;
  if (stat(path, &stat_of) != 0 || !S_ISDIR(stat_of.st_mode)) {
    return replay(path);
  }
  DIR *folder = opendir(path);
  for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
    snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
    if (entry->d_name[0] != '.') {
      const int one = replay(name);
      done = one < 0 || done < 0 ? -1 : done + one;
    }
  }
  if (folder != NULL) {
    closedir(folder);
  }
  return done;
}

int main(int argc, char **argv)
{
  int done = 0;
  for (int i = 1; i < argc; i++) {
    const int some = replay_all(argv[i]);
    if (some <= 0) {
      fprintf(stderr, "%s: %s\n", argv[i], some == 0 ? "an empty corpus" : "cannot be replayed");
      return 1;
    }
    done += some;
  }
  printf("%d inputs, each in four lengths\n", done);
  return done > 0 ? 0 : 2;
}
