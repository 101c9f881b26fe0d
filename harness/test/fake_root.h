/* fake_root.h - a folder with proc/ and sys/ of a machine that never was, for tests.
 *
 * fake_root_open() makes one that is grade A: four CPUs of our own, governor performance, no turbo,
 * no SMT, nothing else running. A test then writes the one file that it is about. Next: fake_root.c
 */
#pragma once

struct fake_root {
  char path[64];
};

void fake_root_open(struct fake_root *root);
/* One file, its folders made; format is of the text. */
void fake_root_write(const struct fake_root *root, const char *path, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void fake_root_remove(const struct fake_root *root, const char *path);
/* proc/stat of four CPUs, each with these ticks, and our own ticks in proc/self/stat. */
void fake_root_ticks(const struct fake_root *root, unsigned busy, unsigned idle, unsigned steal,
                     unsigned own);
void fake_root_close(struct fake_root *root);
