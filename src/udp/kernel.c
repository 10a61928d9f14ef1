#include "udp/kernel.h"

#include <stdint.h>

#include "base/release.h"

/* From 7.0 to 7.1.4 some network drivers' groups leave with wrong headers and checksums
 * when their last datagram is as long as the others (brought by Linux commit b10b446,
 * mended by 78effd8 and 5f17ae0). That happens behind the sockets, so it cannot be
 * noticed here: a probe through the loopback link passes. */
static bool mangles_gso(uint64_t version)
{
	return version >= WG_RELEASE(7, 0, 0) && version <= WG_RELEASE(7, 1, 4);
}

/* Linux has it from 5.0 on, but before 5.12 it lost and mixed up trains now and then, which
 * a probe may miss. */
static bool loses_gro(uint64_t version)
{
	return version != 0 && version < WG_RELEASE(5, 12, 0);
}

enum wg_offload_trust wg_udp_kernel_trust(const char *release, enum wg_udp_offload which)
{
	uint64_t version = wg_release_parse(release);

	if (which == WG_UDP_GSO ? mangles_gso(version) : loses_gro(version))
		return WG_OFFLOAD_BARRED;
	return version == 0 || version >= WG_RELEASE_UNKNOWN ? WG_OFFLOAD_DOUBTED
							     : WG_OFFLOAD_TRUSTED;
}
