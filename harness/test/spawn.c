/* spawn.c - see spawn.h. Next: test_run.c */
#include "spawn.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define FILE_BYTES_MAX (8u << 20)

void spawn_open(struct spawned *run)
{
  *run = (struct spawned){0};
  const char *base = getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp";
  snprintf(run->folder, sizeof(run->folder), "%.40s/hx_test_XXXXXX", base);
  cr_assert_not_null(mkdtemp(run->folder), "no temporary folder in %s", base);
}

static void start(const char *folder, char **argv)
{
  if (chdir(folder) < 0)
    _exit(126);
  const int out = open("stdout.txt", O_WRONLY | O_CREAT | O_TRUNC, 0666);
  const int err = open("stderr.txt", O_WRONLY | O_CREAT | O_TRUNC, 0666);
  if (out < 0 || err < 0)
    _exit(126);
  dup2(out, STDOUT_FILENO);
  dup2(err, STDERR_FILENO);
  execv(argv[0], argv);
  _exit(126);
}

void spawn(struct spawned *run, const char *program, const char *arguments)
{
  char *argv[SPAWN_ARGS_MAX + 2] = {getenv(program)};
  char *copy = strdup(arguments);
  size_t argc = 1;
  int status = 0;
  cr_assert_not_null(argv[0], "%s is not set; run this test through meson", program);
  for (char *arg = strtok(copy, " "); arg != NULL && argc <= SPAWN_ARGS_MAX;
       arg = strtok(NULL, " "))
    argv[argc++] = arg;
  const pid_t pid = fork();
  if (pid == 0)
    start(run->folder, argv);
  cr_assert(pid > 0);
  cr_assert_eq(waitpid(pid, &status, 0), pid);
  free(copy);
  free(run->out);
  free(run->err);
  run->code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  run->out = spawn_read(run, "stdout.txt");
  run->err = spawn_read(run, "stderr.txt");
}

char *spawn_read(const struct spawned *run, const char *path)
{
  char name[512];
  snprintf(name, sizeof(name), "%s/%s", run->folder, path);
  FILE *file = fopen(name, "r");
  if (file == NULL)
    return NULL;
  char *text = malloc(FILE_BYTES_MAX);
  const size_t bytes = text == NULL ? 0 : fread(text, 1, FILE_BYTES_MAX - 1, file);
  fclose(file);
  if (text != NULL)
    text[bytes] = '\0';
  return text;
}

size_t spawn_count(const char *text, const char *part)
{
  size_t count = 0;
  for (const char *at = strstr(text, part); at != NULL; at = strstr(at + strlen(part), part))
    count++;
  return count;
}

static int remove_one(const char *path, const struct stat *state, int type, struct FTW *ftw)
{
  (void)state;
  (void)type;
  (void)ftw;
  return remove(path);
}

void spawn_close(struct spawned *run)
{
  nftw(run->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
  free(run->out);
  free(run->err);
}
