/* fuzz_relay_path.c - libFuzzer's target for paths: open and unlink of what the bytes spell.
 *
 * Input: items of two bytes (GR_OPEN_*, or 255: unlink; bytes of the path) and the path. Built by
 * ci/fuzz; without libFuzzer fuzz_main.c replays the corpus, runtime/test/corpus/relay_path.
 * Next: fuzz_main.c. */
#include <stdlib.h>
#include <string.h>

#include "relay_hostile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct hostile h;
  if (!hostile_begin(&h)) {
    abort();
  }
  while (size > 2u) {
    const bool is_unlink = data[0] == 255u;
    const uint64_t bytes = data[1] < size - 2u ? data[1] : size - 2u;
    const struct gr_call call = {.kind = is_unlink ? GR_CALL_UNLINK : GR_CALL_OPEN,
                                 .address = hostile_device(0),
                                 .bytes = bytes,
                                 .mode = is_unlink ? 0u : data[0]};
    memcpy(hostile_region(&h, 0), data + 2, bytes);
    data += 2u + bytes;
    size -= 2u + bytes;
    if (!hostile_call(&h, 0, &call)) {
      abort();
    }
  }
  if (!hostile_is_well(&h) || !hostile_end(&h)) {
    abort();
  }
  return 0;
}
