#include "tun/kernel.h"

#include <stdbool.h>
#include <stdint.h>

#include "base/release.h"

/* Linux commit e269d79 (6.11-rc1) refused super-packets with EINVAL when the remainder of
 * their length, divided by the size of a segment, is not longer than their headers: those
 * without a short tail, or with one that is nearly as long as the others. 89add40 took it
 * back before 6.11. Stable kernels of several older series (6.1 and 6.6 among them) got the
 * first commit well before the second, and there are vendors' kernels that hide which they
 * are, so all older ones are doubted. */
static bool may_refuse(uint64_t version)
{
	return version < WG_RELEASE(6, 11, 0);
}

enum wg_offload_trust wg_tun_kernel_trust(const char *release, enum wg_tun_offload which)
{
	uint64_t version = wg_release_parse(release);
	bool is_write = which == WG_TUN_TCP_GRO || which == WG_TUN_UDP_GRO;

	if (version == 0 || version >= WG_RELEASE_UNKNOWN || (is_write && may_refuse(version)))
		return WG_OFFLOAD_DOUBTED;
	return WG_OFFLOAD_TRUSTED;
}
