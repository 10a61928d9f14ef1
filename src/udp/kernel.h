/* Which kernels' offloads to mistrust by version, because no probe of ours could tell. */
#ifndef WG_UDP_KERNEL_H
#define WG_UDP_KERNEL_H

#include <stdbool.h>

/* Whether UDP_SEGMENT and UDP_GRO are good in the kernel of that release (uname(2)):
 * "6.1.0-18-amd64". What cannot be read is trusted. */
bool wg_udp_kernel_has_gso(const char *release);
bool wg_udp_kernel_has_gro(const char *release);

#endif
