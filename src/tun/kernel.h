/* Which kernels are trusted with the offloads of TUN links. Only the keeper includes it. */
#ifndef WG_TUN_KERNEL_H
#define WG_TUN_KERNEL_H

#include "base/offload.h"
#include "tun/tun.h"

/* The trust in a kernel by its release as uname(2) gives it, "6.1.0-18-amd64". A release
 * that cannot be read, or is newer than those that are known, is doubted. */
enum wg_offload_trust wg_tun_kernel_trust(const char *release, enum wg_tun_offload which);

#endif
