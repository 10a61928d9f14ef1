#include "udp/kernel.h"

#include <stdint.h>
#include <stdio.h>

#define VERSION(major, minor, patch) \
	((uint64_t)(major) << 32 | (uint64_t)(minor) << 16 | (uint64_t)(patch))

/* 0 when there is none to read. */
static uint64_t parse(const char *release)
{
	unsigned int part[3] = {0};

	if (sscanf(release, "%5u.%5u.%5u", &part[0], &part[1], &part[2]) < 2)
		return 0;
	return VERSION(part[0], part[1], part[2] < UINT16_MAX ? part[2] : UINT16_MAX);
}

/* From 7.0 to 7.1.4 some network drivers' groups leave with wrong headers and checksums
 * when their last datagram is as long as the others (brought by Linux commit b10b446,
 * mended by 78effd8 and 5f17ae0). That happens behind the sockets, so it cannot be
 * noticed here. */
bool wg_udp_kernel_has_gso(const char *release)
{
	uint64_t version = parse(release);

	return version < VERSION(7, 0, 0) || version > VERSION(7, 1, 4);
}

/* Linux 5.0 has it, but lost and mixed up trains before 5.12. */
bool wg_udp_kernel_has_gro(const char *release)
{
	uint64_t version = parse(release);

	return version == 0 || version >= VERSION(5, 12, 0);
}
