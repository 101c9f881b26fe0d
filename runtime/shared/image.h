/* image.h - what an image is to the host: names, the CPU entry, the fatbin.
 *
 * GR_IMAGE (device/image.h) defines one of these in every image that the C compiler builds; the
 * fatbin of the same source, when the build has nvcc, is linked beside it under a fixed symbol.
 * Host only: the device never sees it.
 *
 * Next: the library's api.c, which checks it, or device/image.h, which makes it. */
#pragma once

#include <stdint.h>

struct gr_dev;

struct grosr_image {
  uint32_t abi;      /* GR_ABI_VERSION of the headers it was built with */
  uint32_t op_count; /* entries of op_names */
  const char *name;  /* "exp0" */
  const char *const *op_names;
  const char *kernel_name; /* of the fatbin's entry point: "grosr_kernel_exp0" */
  /* Runs team `team_id` on the calling thread until the microkernel ends. */
  void (*cpu_main)(struct gr_dev *dev, uint32_t team_id, uint32_t incarnation);
  const unsigned char *fatbin; /* NULL: built without nvcc */
  const unsigned char *fatbin_end;
};

/* grosr_image_NAME, for the ports' GR_ENTRY. LIST is the image's list of ops. */
#define GR_IMAGE_STRUCT(image, LIST, entry, code, code_end)                                        \
  static const char *const gr_op_names_##image[] = {LIST(GR_OP_NAME) NULL};                        \
  extern const struct grosr_image grosr_image_##image;                                             \
  const struct grosr_image grosr_image_##image = {                                                 \
      .abi = GR_ABI_VERSION,                                                                       \
      .op_count = (uint32_t)(sizeof gr_op_names_##image / sizeof gr_op_names_##image[0] - 1u),     \
      .name = #image,                                                                              \
      .op_names = gr_op_names_##image,                                                             \
      .kernel_name = "grosr_kernel_" #image,                                                       \
      .cpu_main = entry,                                                                           \
      .fatbin = code,                                                                              \
      .fatbin_end = code_end,                                                                      \
  };
