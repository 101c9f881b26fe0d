/* spawn.h - runs a program for a test and keeps what it wrote.
 *
 * Each test has a temporary folder of its own, which is the program's working folder. Next: spawn.c
 */
#pragma once
#include <stddef.h>

#define SPAWN_ARGS_MAX 16u

struct spawned {
  char folder[64];
  int code; /* 128 + signal if one ended it */
  char *out;
  char *err;
};

void spawn_open(struct spawned *run); /* makes the folder */

/* `program` is an environment variable that names it; `arguments` are separated by blanks. */
void spawn(struct spawned *run, const char *program, const char *arguments);

/* A file in the folder as text, or NULL; to be freed. */
char *spawn_read(const struct spawned *run, const char *path);

/* How often a text occurs. */
size_t spawn_count(const char *text, const char *part);

void spawn_close(struct spawned *run); /* removes the folder */
