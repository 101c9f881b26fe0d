/* test_relay.h - what test_device_relay.c and its ops share. Next: test_relay_image.c. */
#pragma once

#include "shared/relay.h"

struct relay_job {
  struct gr_call call;
  int64_t result;
  uint64_t done, sum;
};
