/* test_relay_files.c - calls of files as the mediator carries them out: what is right, and random
 * operations against the plain system calls in a second folder.
 *
 * Next: test_relay_files_threats.c. */
#include "test_relay_files.h"

TestSuite(relay_files, .init = begin, .fini = end, .timeout = 60);

Test(relay_files, what_is_written_is_read_back_and_lies_in_the_folder)
{
  const int64_t handle = open_call("a", GR_OPEN_BOTH | GR_OPEN_CREATE | GR_OPEN_EXCL);
  cr_assert(handle > 0 && handle <= INT32_MAX);
  cr_assert_eq(open_call("a", GR_OPEN_BOTH | GR_OPEN_CREATE | GR_OPEN_EXCL), -EEXIST);
  memcpy(memory + DATA, "hello", 5);
  cr_assert_eq(handle_call(GR_CALL_WRITE, handle, 3, 5), 5);
  cr_assert_eq(handle_call(GR_CALL_SYNC, handle, 0, 0), 0);
  memset(memory + DATA, 0xa5, 16);
  cr_assert_eq(handle_call(GR_CALL_READ, handle, 1, 16), 7, "short: the file ends there");
  cr_assert_arr_eq(memory + DATA, "\0\0hello\xa5\xa5", 9, "and no byte more was written");
  cr_assert_eq(handle_call(GR_CALL_READ, handle, 8, 16), 0);
  cr_assert_eq(handle_call(GR_CALL_TRUNCATE, handle, 4, 0), 0);
  cr_assert_eq(handle_call(GR_CALL_STAT, handle, 0, 0), 0);
  struct gr_call_stat told;
  struct stat stat_in;
  char path[160];
  snprintf(path, sizeof path, "%s/a", in);
  memcpy(&told, memory + DATA, sizeof told);
  cr_assert_eq(stat(path, &stat_in), 0);
  cr_assert(told.bytes == 4 && told.kind == GR_STAT_FILE && told.links == 1);
  cr_assert_eq(told.inode, stat_in.st_ino);
  cr_assert_eq(told.modified_ns,
               (uint64_t)stat_in.st_mtim.tv_sec * 1000000000u + (uint64_t)stat_in.st_mtim.tv_nsec);
  cr_assert_eq(stat_in.st_mode & 0777u & ~0600u, 0u);
  cr_assert_eq(handle_call(GR_CALL_CLOSE, handle, 0, 0), 0);
  cr_assert_eq(path_call(GR_CALL_UNLINK, "a", 0), 0);
  cr_assert_eq(entries(in), 2);
  cr_assert(context.count.bytes_written == 5 && context.count.bytes_read == 7);
  cr_assert(context.count.calls == 10 && context.count.refused == 0);
}

Test(relay_files, an_appending_handle_writes_at_the_end_whatever_the_offset)
{
  file_make(in, "a", "12");
  const int64_t handle = open_call("a", GR_OPEN_BOTH | GR_OPEN_APPEND);
  memcpy(memory + DATA, "34", 2);
  cr_assert_eq(handle_call(GR_CALL_WRITE, handle, 0, 2), 2);
  cr_assert_eq(handle_call(GR_CALL_READ, handle, 0, 9), 4);
  cr_assert_arr_eq(memory + DATA, "1234", 4);
}

Test(relay_files, a_folder_can_be_looked_at_and_synced_only)
{
  const int64_t handle = open_call(".", GR_OPEN_READ);
  cr_assert_eq(handle_call(GR_CALL_STAT, handle, 0, 0), 0);
  struct gr_call_stat told;
  memcpy(&told, memory + DATA, sizeof told);
  cr_assert_eq(told.kind, GR_STAT_FOLDER);
  cr_assert_eq(handle_call(GR_CALL_SYNC, handle, 0, 0), 0);
  cr_assert_eq(handle_call(GR_CALL_READ, handle, 0, 8), -EISDIR);
  cr_assert_eq(handle_call(GR_CALL_WRITE, handle, 0, 8), -EBADF);
  cr_assert_eq(open_call(".", GR_OPEN_BOTH), -EISDIR);
}

Test(relay_files, log_calls_are_written_cut_off_or_dropped)
{
  char text[BYTES];
  int end_of[2];
  cr_assert_eq(handle_call(GR_CALL_LOG, 0, 0, 5000), 4096);
  cr_assert_eq(context.count.logs_dropped, 1);
  cr_assert_eq(pipe2(end_of, O_NONBLOCK), 0);
  context.log = end_of[1];
  memset(memory + DATA, 'x', 5000);
  cr_assert_eq(handle_call(GR_CALL_LOG, 0, 0, 5000), 4096);
  cr_assert_eq(read(end_of[0], text, sizeof text), 4096);
  cr_assert_arr_eq(text, memory + DATA, 4096);
  cr_assert_eq(handle_call(GR_CALL_LOG, 0, 0, 0), 0);
  cr_assert_eq(handle_call(GR_CALL_LOG, 0, 0, UINT64_MAX), -EINVAL);
  for (int i = 0; i < 32 && handle_call(GR_CALL_LOG, 0, 0, 4096) > 0; i++) {
  }
  cr_assert_eq(handle_call(GR_CALL_LOG, 0, 0, 4096), -EAGAIN, "a reader that stopped");
}

Test(relay_files, an_error_that_nobody_waited_for_is_told_once)
{
  file_make(in, "a", "");
  for (int by_close = 0; by_close < 2; by_close++) {
    const int64_t handle = open_call("a", GR_OPEN_WRITE);
    gr_relay_handle_find(&context, (uint32_t)handle)->sticky = -EIO;
    cr_assert_eq(handle_call(GR_CALL_WRITE, handle, 0, 1), 1);
    cr_assert_eq(handle_call(by_close ? GR_CALL_CLOSE : GR_CALL_SYNC, handle, 0, 0), -EIO);
    cr_assert_eq(handle_call(GR_CALL_SYNC, handle, 0, 0), by_close ? -EBADF : 0);
  }
}

/* ---- against the plain system calls ---- */

#define STEPS  20000u /* of one seed */
#define SLOTS  12u
#define EACH   3000u /* bytes of a read or write, at most */
#define RANDOM 0x9e3779b97f4a7c15ull
#define NAMES  (sizeof name / sizeof name[0])

static const char *const name[] = {"a",   "b",      "c",  "d/a",    "d/b",        "d",  ".",
                                   "a/x", "d/../a", "a/", "none/a", "d/./../d/b", "d/", "none/.."};

/* Both sides of a slot: what is open in one folder by calls, in the other by system calls. */
struct pair {
  int64_t handle;
  int fd;
};
static uint64_t state;
static uint32_t random_below(uint32_t limit)
{
  state ^= state << 13; /* xorshift */
  state ^= state >> 7;
  state ^= state << 17;
  return (uint32_t)((state * RANDOM >> 32) % limit);
}

static int64_t plain(int64_t result)
{
  return result < 0 ? -errno : result;
}

static void both_open(struct pair *pair, int root)
{
  static const int access[] = {O_RDONLY, O_WRONLY, O_RDWR};
  const char *const path = name[random_below(NAMES)];
  uint32_t mode = random_below(3), more = random_below(16) & random_below(16);
  int flags = access[mode] | O_CLOEXEC;
  mode |= more & 1u ? GR_OPEN_CREATE | (more & 2u ? GR_OPEN_EXCL : 0u) : 0u;
  flags |= more & 1u ? O_CREAT | (more & 2u ? O_EXCL : 0) : 0;
  if ((more & 4u) != 0 && (mode & GR_OPEN_ACCESS) != GR_OPEN_READ) {
    mode |= GR_OPEN_TRUNCATE;
    flags |= O_TRUNC;
  }
  mode |= more & 8u ? GR_OPEN_APPEND : 0u;
  flags |= more & 8u ? O_APPEND : 0;
  pair->handle = open_call(path, mode);
  pair->fd = openat(root, path, flags, 0600);
  cr_assert_eq(pair->handle > 0, pair->fd >= 0, "%s, %x: %d", path, mode, (int)pair->handle);
  if (pair->fd < 0) {
    cr_assert_eq(pair->handle, -errno, "%s, %x: %d", path, mode, (int)pair->handle);
    pair->handle = 0;
  }
}

static void both_stat(const struct pair *pair)
{
  struct gr_call_stat told;
  struct stat stat;
  const int64_t result = handle_call(GR_CALL_STAT, pair->handle, 0, 0);
  cr_assert_eq(result, plain(fstat(pair->fd, &stat)));
  if (result == 0) {
    memcpy(&told, memory + DATA, sizeof told);
    cr_assert_eq(told.links, stat.st_nlink);
    cr_assert_eq(told.kind == GR_STAT_FOLDER, S_ISDIR(stat.st_mode));
    cr_assert(S_ISDIR(stat.st_mode) || told.bytes == (uint64_t)stat.st_size);
  }
}

static void both_move(const struct pair *pair, bool is_read)
{
  static unsigned char bytes[EACH];
  const uint64_t offset = random_below(16) == 0 ? INT64_MAX : random_below(3u * EACH);
  const uint32_t count = random_below(EACH);
  for (uint32_t i = 0; i < count; i++) {
    memory[DATA + i] = bytes[i] = (unsigned char)random_below(256);
  }
  const int64_t result =
      handle_call(is_read ? GR_CALL_READ : GR_CALL_WRITE, pair->handle, offset, count);
  cr_assert_eq(result, plain(is_read ? pread(pair->fd, bytes, count, (off_t)offset)
                                     : pwrite(pair->fd, bytes, count, (off_t)offset)));
  cr_assert_eq(memcmp(memory + DATA, bytes, count), 0);
}

static void both_step(struct pair *pair, int root)
{
  const uint32_t size = random_below(3u * EACH);
  const char *const path = name[random_below(NAMES)];
  switch (random_below(12)) {
  case 0:
  case 1:
    if (pair->fd < 0) {
      both_open(pair, root);
    }
    return;
  case 2:
    cr_assert_eq(handle_call(GR_CALL_CLOSE, pair->handle, 0, 0), plain(close(pair->fd)));
    pair->fd = -1; /* the handle stays, as a stale one */
    return;
  case 3:
    cr_assert_eq(path_call(GR_CALL_UNLINK, path, 0), plain(unlinkat(root, path, 0)), "%s", path);
    return;
  case 4:
    cr_assert_eq(handle_call(GR_CALL_TRUNCATE, pair->handle, size, 0),
                 plain(ftruncate(pair->fd, size)));
    return;
  case 5:
    both_stat(pair);
    return;
  default:
    both_move(pair, random_below(2) != 0);
    return;
  }
}

/* The same names in both, of the same bytes and modes. */
static void folders_compare(const char *below)
{
  struct dirent **one, **two;
  char path[2][400];
  snprintf(path[0], sizeof path[0], "%s/%s", in, below);
  snprintf(path[1], sizeof path[1], "%s/%s", out, below);
  const int count = scandir(path[0], &one, NULL, alphasort);
  cr_assert_eq(scandir(path[1], &two, NULL, alphasort), count);
  for (int i = 0; i < count; i++) {
    struct stat stat[2];
    cr_assert_str_eq(one[i]->d_name, two[i]->d_name);
    for (uint32_t side = 0; side < 2; side++) {
      snprintf(path[side], sizeof path[side], "%s/%s/%s", side ? out : in, below, one[i]->d_name);
      cr_assert_eq(lstat(path[side], &stat[side]), 0);
    }
    cr_assert_eq(stat[0].st_mode, stat[1].st_mode);
    if (S_ISREG(stat[0].st_mode)) {
      char command[1024];
      snprintf(command, sizeof command, "cmp -s '%s' '%s'", path[0], path[1]);
      cr_assert_eq(system(command), 0);
    }
    free(one[i]);
    free(two[i]);
  }
  free(one);
  free(two);
}

Test(relay_files, random_operations_do_what_the_plain_system_calls_do)
{
  const int root = open(out, O_PATH | O_DIRECTORY | O_CLOEXEC), before = DESCRIPTORS();
  struct pair pair[SLOTS];
  cr_assert(mkdirat(context.root, "d", 0700) == 0 && mkdirat(root, "d", 0700) == 0);
  for (uint32_t i = 0; i < SLOTS; i++) {
    pair[i] = (struct pair){0, -1};
  }
  for (uint32_t i = 0; i < 4u * STEPS; i++) {
    state = i % STEPS == 0 ? 1u + i / STEPS : state; /* the seeds are 1 to 4 */
    both_step(&pair[random_below(SLOTS)], root);
    if (i % 1000u == 0) {
      folders_compare(".");
      folders_compare("d");
    }
  }
  for (uint32_t i = 0; i < SLOTS; i++) {
    cr_assert_eq(handle_call(GR_CALL_CLOSE, pair[i].handle, 0, 0), plain(close(pair[i].fd)));
  }
  folders_compare(".");
  folders_compare("d");
  cr_assert_eq(DESCRIPTORS(), before);
  close(root);
}
