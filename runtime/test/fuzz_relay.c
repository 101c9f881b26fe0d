/* fuzz_relay.c - libFuzzer's target for the validator and what is behind it: a few calls, as bytes.
 *
 * Input: items of one byte (bit 0: which context; the others: bytes of payload / 8), a struct
 * gr_call whose address counts from the begin of the context's region, and the payload, which is
 * laid at that address if it is in the region. Built by ci/fuzz; without libFuzzer fuzz_main.c
 * replays the corpus, runtime/test/corpus/relay. Next: fuzz_relay_path.c. */
#include <stdlib.h>
#include <string.h>

#include "relay_hostile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct hostile h;
  struct gr_call call;
  if (!hostile_begin(&h)) {
    abort();
  }
  while (size > sizeof call) {
    const uint32_t context = data[0] & 1u;
    uint64_t payload = (uint64_t)(data[0] >> 1) * 8u;
    memcpy(&call, data + 1, sizeof call);
    data += 1u + sizeof call;
    size -= 1u + sizeof call;
    payload = payload < size ? payload : size;
    if (call.address < HOSTILE_BYTES && payload <= HOSTILE_BYTES - call.address) {
      memcpy(hostile_region(&h, context) + call.address, data, payload);
    }
    data += payload;
    size -= payload;
    call.address += hostile_device(context);
    if (!hostile_call(&h, context, &call)) {
      abort();
    }
  }
  if (!hostile_is_well(&h) || !hostile_end(&h)) {
    abort();
  }
  return 0;
}
