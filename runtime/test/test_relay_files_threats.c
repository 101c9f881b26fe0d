/* test_relay_files_threats.c - ops that ask for what is not theirs: paths that lead out, links,
 * pipes and devices; lengths and addresses of any size; handles that are forged, old or another's;
 * calls that were not granted. Each threat to the relay that the host's side answers for has a test
 * here that bears its name.
 *
 * Next: ../host/relay_check.c. */
#include "test_relay_files.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

TestSuite(relay_threats, .init = begin, .fini = end, .timeout = 60);

static void link_make(const char *to, const char *name)
{
  char path[160];
  snprintf(path, sizeof path, "%s/%s", in, name);
  cr_assert_eq(symlink(to, path), 0);
}

/* ---- paths ---- */

Test(relay_threats, a_path_that_leads_out_is_refused)
{
  struct gr_relay_context none;
  file_make(out, "f", "secret");
  cr_assert_eq(mkdirat(context.root, "d", 0700), 0);
  char absolute[128];
  snprintf(absolute, sizeof absolute, "%s/f", out);
  const char *bad[] = {"../out/f", "..", "d/../../out/f", "./../out/f", absolute,
                       "/",        "//", "/etc/passwd"};
  for (uint32_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    cr_assert_eq(open_call(bad[i], GR_OPEN_READ), -EXDEV, "%s", bad[i]);
    cr_assert_eq(open_call(bad[i], GR_OPEN_WRITE | GR_OPEN_CREATE | GR_OPEN_TRUNCATE), -EXDEV, "%s",
                 bad[i]);
    const int64_t result = path_call(GR_CALL_UNLINK, bad[i], 0);
    cr_assert_eq(result, strcmp(bad[i], "..") == 0 ? -EISDIR : -EXDEV, "%s", bad[i]);
  }
  cr_assert_eq(open_call("../new", GR_OPEN_WRITE | GR_OPEN_CREATE), -EXDEV);
  cr_assert_eq(entries(folder), 4);
  cr_assert_gt(open_call("d/../d", GR_OPEN_READ), 0, "what stays beneath is no harm");
  gr_relay_context_init(&none);
  cr_assert_eq(gr_relay_path_open(&none, "d", GR_OPEN_READ), -EACCES, "no root, no paths");
}

Test(relay_threats, symbolic_and_magic_links_are_never_followed)
{
  file_make(out, "f", "secret");
  file_make(in, "f", "mine");
  link_make("../out/f", "outward");
  link_make("../out", "middle");
  link_make("f", "inward");
  link_make("/proc/self/fd", "magic");
  link_make("../out/new", "dangling");
  const char *bad[] = {"outward", "middle/f", "inward", "magic/0", "magic", "dangling"};
  for (uint32_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    cr_assert_eq(open_call(bad[i], GR_OPEN_READ), -ELOOP, "%s", bad[i]);
    cr_assert_eq(open_call(bad[i], GR_OPEN_WRITE | GR_OPEN_CREATE), -ELOOP, "%s", bad[i]);
  }
  cr_assert_eq(path_call(GR_CALL_UNLINK, "middle/f", 0), -ELOOP);
  cr_assert_eq(path_call(GR_CALL_UNLINK, "outward", 0), 0, "the link goes, not what it names");
  cr_assert_eq(entries(out), 3);
}

Test(relay_threats, fifos_do_not_hang_and_devices_are_refused, .timeout = 10)
{
  const int before = DESCRIPTORS();
  cr_assert_eq(mkfifoat(context.root, "fifo", 0600), 0);
  cr_assert_eq(open_call("fifo", GR_OPEN_READ), -EACCES);
  cr_assert_eq(open_call("fifo", GR_OPEN_WRITE), -EACCES);
  cr_assert_eq(open_call("fifo", GR_OPEN_BOTH), -EACCES);
  if (mknodat(context.root, "zero", S_IFCHR | 0600, makedev(1, 5)) == 0) { /* root may */
    cr_assert_eq(open_call("zero", GR_OPEN_READ), -EACCES);
  }
  cr_assert_eq(DESCRIPTORS(), before);
}

Test(relay_threats, another_file_system_beneath_the_root_is_refused)
{
  cr_assert_eq(mkdirat(context.root, "m", 0700), 0);
  char path[128];
  snprintf(path, sizeof path, "%s/m", in);
  if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
      mount("none", path, "tmpfs", 0, NULL) != 0) {
    end(); /* Criterion does not, of what is skipped */
    cr_skip_test("only root may mount");
  }
  close(context.root);
  context.root = open(in, O_PATH | O_DIRECTORY | O_CLOEXEC); /* as seen from the new mounts */
  file_make(path, "f", "");
  const int64_t opened = open_call("m/f", GR_OPEN_READ);
  const int64_t unlinked = path_call(GR_CALL_UNLINK, "m/f", 0);
  cr_assert_eq(umount2(path, MNT_DETACH), 0);
  cr_assert(opened == -EXDEV && unlinked == -EXDEV);
}

Test(relay_threats, odd_paths_are_refused)
{
  char path[BYTES];
  memset(path, 'a', sizeof path);
  path[GR_RELAY_PATH] = 0;
  cr_assert_eq(open_call(path, GR_OPEN_READ), -EINVAL);
  path[GR_RELAY_PATH - 1u] = 0;
  cr_assert_eq(open_call(path, GR_OPEN_READ), -ENAMETOOLONG);
  cr_assert_eq(open_call("", GR_OPEN_READ), -EINVAL);
  cr_assert_eq(path_call(GR_CALL_UNLINK, "", 0), -EINVAL);
  file_make(in, "a", "");
  memcpy(memory, "a\0b", 3);
  struct gr_call call = {.address = DEVICE, .bytes = 3, .kind = GR_CALL_OPEN};
  cr_assert_eq(gr_relay_carry_out(&context, &call), -EINVAL);
  call.kind = GR_CALL_UNLINK;
  cr_assert_eq(gr_relay_carry_out(&context, &call), -EINVAL);
  cr_assert_eq(path_call(GR_CALL_UNLINK, "a/", 0), -ENOTDIR);
  cr_assert_eq(path_call(GR_CALL_UNLINK, ".", 0), -EISDIR);
  cr_assert_eq(entries(in), 3);
}

/* While the path is looked at, another writes it anew: what is checked is what is opened. */
static gr_au32 stop;
static void *path_changer(void *unused)
{
  volatile unsigned char *path = memory;
  for (uint32_t i = 0; gr_load_relaxed_gpu_u32(&stop) == 0; i++) {
    path[0] = i & 1u ? '.' : 'd';
    path[1] = i & 1u ? '.' : '/';
    path[2] = i & 2u ? '/' : 0;
  }
  return unused;
}
Test(relay_threats, a_path_that_changes_under_the_check_leads_nowhere_else)
{
  pthread_t thread;
  struct stat outside;
  struct gr_call_stat told;
  cr_assert_eq(stat(file_make(folder, "f", "secret"), &outside), 0);
  cr_assert_eq(mkdirat(context.root, "d", 0700), 0);
  file_make(in, "d/f", "mine");
  memcpy(memory, "d//f", 4);
  cr_assert_eq(pthread_create(&thread, NULL, path_changer, NULL), 0);
  const struct gr_call call = {.address = DEVICE, .bytes = 4, .kind = GR_CALL_OPEN};
  for (uint32_t i = 0; i < 20000; i++) {
    const int64_t handle = gr_relay_carry_out(&context, &call);
    if (handle > 0) {
      cr_assert_eq(handle_call(GR_CALL_STAT, handle, 0, 0), 0);
      memcpy(&told, memory + DATA, sizeof told);
      cr_assert_neq(told.inode, outside.st_ino);
      cr_assert_eq(handle_call(GR_CALL_CLOSE, handle, 0, 0), 0);
    } else {
      cr_assert(handle == -EXDEV || handle == -EINVAL || handle == -ENOENT, "%d", (int)handle);
    }
  }
  gr_store_relaxed_gpu_u32(&stop, 1u);
  pthread_join(thread, NULL);
}

/* From now on openat2 fails so, in this process: a test has one of its own. */
static void openat2_fails(uint32_t error)
{
  struct sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};
  cr_assert_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
  cr_assert_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}
Test(relay_threats, a_kernel_without_openat2_opens_nothing)
{
  file_make(in, "a", "");
  openat2_fails(ENOSYS);
  cr_assert_eq(open_call("a", GR_OPEN_READ), -ENOSYS);
  cr_assert_eq(path_call(GR_CALL_UNLINK, "a", 0), -ENOSYS);
  cr_assert_eq(entries(in), 3);
}
Test(relay_threats, a_path_that_is_renamed_for_ever_is_given_up, .timeout = 10)
{
  file_make(in, "a", "");
  openat2_fails(EAGAIN);
  cr_assert_eq(open_call("a", GR_OPEN_READ), -EAGAIN);
  cr_assert_eq(path_call(GR_CALL_UNLINK, "a", 0), -EAGAIN);
}

/* ---- lengths and addresses ---- */

static int64_t read_from(uint64_t address, int64_t handle, uint64_t bytes)
{
  const struct gr_call call = {
      .address = address, .bytes = bytes, .kind = GR_CALL_READ, .handle = (uint32_t)handle};
  return gr_relay_carry_out(&context, &call);
}

Test(relay_threats, an_untrusted_length_is_refused)
{
  file_make(in, "a", "0123456789");
  const int64_t a = open_call("a", GR_OPEN_BOTH);
  cr_assert_eq(read_from(DEVICE, a, UINT64_MAX), -EINVAL);
  cr_assert_eq(read_from(DEVICE, a, GR_RELAY_BYTES + 1ull), -EINVAL);
  cr_assert_eq(read_from(DEVICE, a, GR_RELAY_BYTES), -EFAULT);
  cr_assert_eq(read_from(DEVICE, a, BYTES + 1u), -EFAULT);
  cr_assert_eq(read_from(DEVICE + BYTES - 1u, a, 2), -EFAULT);
  cr_assert_eq(read_from(DEVICE + BYTES - 1u, a, 1), 1, "its last byte");
  cr_assert_eq(read_from(DEVICE + BYTES, a, 1), -EFAULT);
  cr_assert_eq(read_from(UINT64_MAX - 3u, a, 8), -EFAULT, "address + bytes overflows");
  cr_assert_null(gr_relay_memory(&context, DEVICE + 16u, UINT64_MAX - 7u), "and as a sum of ours");
  cr_assert_eq(read_from(0, a, 0), 0, "nothing, from nowhere");
  cr_assert_eq(handle_call(GR_CALL_READ, a, 1ull << 63, 1), -EINVAL);
  cr_assert_eq(handle_call(GR_CALL_WRITE, a, UINT64_MAX, 1), -EINVAL);
  cr_assert_eq(handle_call(GR_CALL_TRUNCATE, a, 1ull << 63, 0), -EINVAL);
  struct gr_call call = {.offset = 1ull << 63, .kind = GR_CALL_READ};
  cr_assert_eq(gr_relay_check(&context, &call), -EINVAL, "before any system call says so");
  call = (struct gr_call){.address = DEVICE, .bytes = UINT64_MAX, .kind = GR_CALL_OPEN};
  cr_assert_eq(gr_relay_carry_out(&context, &call), -EINVAL);
  call = (struct gr_call){.address = DEVICE + BYTES - sizeof(struct gr_call_stat) + 1u,
                          .kind = GR_CALL_STAT,
                          .handle = (uint32_t)a};
  cr_assert_eq(gr_relay_carry_out(&context, &call), -EFAULT);
}

Test(relay_threats, an_untrusted_address_is_refused)
{
  file_make(in, "a", "0123456789");
  const int64_t a = open_call("a", GR_OPEN_READ);
  context.region[0].bytes = 4096; /* two that touch, a gap, and one at the end of all addresses */
  context.region[1] = (struct gr_relay_region){DEVICE + 4096u, 1024, memory + 4096};
  context.region[2] = (struct gr_relay_region){DEVICE + 6144u, 1024, memory + 6144};
  context.region[3] = (struct gr_relay_region){UINT64_MAX - 15u, 16, memory + 7168};
  context.regions = 4;
  cr_assert_eq(read_from(DEVICE - 1u, a, 1), -EFAULT);
  cr_assert_eq(read_from(0, a, 1), -EFAULT);
  cr_assert_eq(read_from((uint64_t)(uintptr_t)memory, a, 1), -EFAULT, "a host address");
  cr_assert_eq(read_from(DEVICE + 5120u, a, 1), -EFAULT, "between two");
  cr_assert_eq(read_from(DEVICE + 6143u, a, 2), -EFAULT);
  cr_assert_eq(read_from(DEVICE + 4095u, a, 2), -EFAULT, "in two that touch");
  cr_assert_eq(read_from(DEVICE + 4092u, a, 4), 4);
  cr_assert_eq(read_from(DEVICE + 4096u, a, 4), 4);
  cr_assert_arr_eq(memory + 4092, "01230123", 8);
  cr_assert_eq(read_from(UINT64_MAX - 15u, a, 16), 10);
  cr_assert_eq(read_from(UINT64_MAX - 14u, a, 16), -EFAULT);
  context.region[3].bytes = 64;
  cr_assert_eq(read_from(3, a, 1), -EFAULT, "no region goes on from the first address");
  cr_assert_eq(gr_relay_memory(&context, DEVICE + 7168u, 0), memory + 7168, "its end");
  cr_assert_null(gr_relay_memory(&context, DEVICE + 7169u, 0));
}

/* ---- handles ---- */

Test(relay_threats, forged_and_stale_handles_are_refused)
{
  file_make(in, "a", "0");
  const int64_t a = open_call("a", GR_OPEN_READ);
  const uint32_t forged[] = {0,
                             1,
                             UINT32_MAX,
                             (uint32_t)a + 1u,
                             (uint32_t)a + 0x10000u,
                             (uint32_t)a | 0x80000000u,
                             GR_RELAY_HANDLES,
                             0x1ffffu};
  for (uint32_t i = 0; i < sizeof forged / sizeof forged[0]; i++) {
    for (uint16_t kind = GR_CALL_CLOSE; kind <= GR_CALL_SYNC; kind++) {
      cr_assert_eq(handle_call(kind, forged[i], 0, 1), -EBADF, "%x", forged[i]);
    }
  }
  cr_assert_eq(handle_call(GR_CALL_CLOSE, a, 0, 0), 0);
  cr_assert_eq(handle_call(GR_CALL_CLOSE, a, 0, 0), -EBADF, "closed twice");
  const int64_t again = open_call("a", GR_OPEN_READ);
  cr_assert(again != a && (again & 0xffff) == (a & 0xffff));
  cr_assert_eq(handle_call(GR_CALL_READ, a, 0, 1), -EBADF);
  cr_assert_eq(handle_call(GR_CALL_READ, again, 0, 1), 1);
  context.handle[0].generation = 0x7fff; /* the last; the next is 1, and never 0 */
  const int64_t last = 0x7fff0000;
  cr_assert_eq(handle_call(GR_CALL_CLOSE, last, 0, 0), 0);
  cr_assert_eq(open_call("a", GR_OPEN_READ), 0x10000);
  cr_assert_eq(handle_call(GR_CALL_READ, last, 0, 1), -EBADF);
}

Test(relay_threats, another_contexts_handle_means_nothing_here)
{
  static struct gr_relay_context other;
  gr_relay_context_init(&other);
  other.calls = context.calls;
  other.regions = 1;
  other.region[0] = context.region[0];
  other.root = open(out, O_PATH | O_DIRECTORY | O_CLOEXEC);
  file_make(in, "f", "mine");
  file_make(out, "f", "its!");
  const int64_t mine = open_call("f", GR_OPEN_READ);
  struct gr_call call = {
      .address = DEVICE + DATA, .bytes = 4, .kind = GR_CALL_READ, .handle = (uint32_t)mine};
  cr_assert_eq(gr_relay_carry_out(&other, &call), -EBADF);
  struct gr_call opens = {.address = DEVICE, .bytes = 1, .kind = GR_CALL_OPEN};
  cr_assert_eq(gr_relay_carry_out(&other, &opens), mine, "the same number, and another file");
  cr_assert_eq(gr_relay_carry_out(&other, &call), 4);
  cr_assert_arr_eq(memory + DATA, "its!", 4);
  gr_relay_context_fini(&other);
  cr_assert_eq(handle_call(GR_CALL_READ, mine, 0, 4), 4, "the end of one is not another's");
  cr_assert_arr_eq(memory + DATA, "mine", 4);
}

Test(relay_threats, handles_have_a_limit_and_no_descriptor_is_left)
{
  const int before = DESCRIPTORS();
  file_make(in, "a", "12");
  for (uint32_t most = 3; most <= GR_RELAY_HANDLES; most += GR_RELAY_HANDLES - 3u) {
    context.handles_max = (int32_t)most;
    while (open_call("a", GR_OPEN_READ) > 0) {
    }
    cr_assert_eq(DESCRIPTORS() - before, (int)most);
    cr_assert_eq(open_call("a", GR_OPEN_WRITE | GR_OPEN_TRUNCATE), -EMFILE);
    cr_assert_eq(open_call("new", GR_OPEN_WRITE | GR_OPEN_CREATE), -EMFILE);
    cr_assert_eq(entries(in), 3, "and nothing was made");
  }
  cr_assert_eq(gr_relay_handle_open(&context, dup(context.root), GR_OPEN_READ), -EMFILE);
  cr_assert_eq(DESCRIPTORS() - before, (int)GR_RELAY_HANDLES, "who finds no room closes it");
  struct stat stat;
  cr_assert(fstatat(context.root, "a", &stat, 0) == 0 && stat.st_size == 2);
  for (uint32_t i = 0; i < GR_RELAY_HANDLES; i++) {
    cr_assert_eq(fcntl(context.handle[i].fd, F_GETFD), FD_CLOEXEC);
    cr_assert_eq(fcntl(context.handle[i].fd, F_GETFL) & O_NONBLOCK, 0);
  }
  gr_relay_context_fini(&context);
  cr_assert_eq(DESCRIPTORS(), before - 1, "its root as well");
}

/* ---- rights ---- */

Test(relay_threats, who_may_not_write_makes_changes_and_unlinks_nothing)
{
  const uint64_t mode[] = {GR_OPEN_WRITE, GR_OPEN_BOTH, GR_OPEN_READ | GR_OPEN_CREATE,
                           GR_OPEN_WRITE | GR_OPEN_TRUNCATE, GR_OPEN_WRITE | GR_OPEN_APPEND};
  file_make(in, "a", "12");
  context.may_write = false;
  for (uint32_t i = 0; i < sizeof mode / sizeof mode[0]; i++) {
    cr_assert_eq(open_call("a", mode[i]), -EROFS);
    cr_assert_eq(open_call("new", mode[i]), -EROFS);
  }
  cr_assert_eq(path_call(GR_CALL_UNLINK, "a", 0), -EROFS);
  cr_assert_eq(entries(in), 3);
  const int64_t a = open_call("a", GR_OPEN_READ);
  cr_assert_eq(handle_call(GR_CALL_WRITE, a, 0, 1), -EBADF);
  cr_assert_eq(handle_call(GR_CALL_TRUNCATE, a, 0, 0), -EINVAL, "as ftruncate(2) says");
  cr_assert_eq(handle_call(GR_CALL_READ, a, 0, 2), 2);
  context.may_write = true;
  cr_assert_eq(handle_call(GR_CALL_READ, open_call("a", GR_OPEN_WRITE), 0, 1), -EBADF);
}

Test(relay_threats, what_was_not_granted_or_is_not_known_is_refused)
{
  struct gr_call call = {0};
  const uint64_t all = context.calls;
  file_make(in, "a", "");
  const int64_t a = open_call("a", GR_OPEN_BOTH);
  for (uint16_t kind = 0; kind < GR_CALL_KINDS; kind++) {
    context.calls = all & ~(1ull << kind);
    cr_assert_eq(kind == GR_CALL_OPEN || kind == GR_CALL_UNLINK ? path_call(kind, "a", 0)
                                                                : handle_call(kind, a, 0, 1),
                 -EPERM, "%u", kind);
  }
  cr_assert_eq(context.count.refused, GR_CALL_KINDS);
  context.calls = UINT64_MAX;
  const uint16_t unknown[] = {GR_CALL_KINDS, 63, 64, 65, UINT16_MAX};
  for (uint32_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
    call.kind = unknown[i];
    cr_assert_eq(gr_relay_carry_out(&context, &call), -ENOSYS);
  }
  call.kind = GR_CALL_NULL;
  for (uint32_t flags = 0; flags < 256; flags++) {
    call.flags = (uint8_t)flags;
    cr_assert_eq(gr_relay_carry_out(&context, &call), flags <= GR_CALL_CONTINUED ? 0 : -EINVAL);
  }
  call = (struct gr_call){.mode = 1, .kind = GR_CALL_NULL};
  cr_assert_eq(gr_relay_carry_out(&context, &call), -EINVAL);
  const uint64_t modes[] = {3,
                            7,
                            64,
                            1ull << 32,
                            UINT64_MAX,
                            GR_OPEN_WRITE | GR_OPEN_EXCL,
                            GR_OPEN_READ | GR_OPEN_TRUNCATE};
  for (uint32_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
    cr_assert_eq(open_call("a", modes[i]), -EINVAL);
  }
}
