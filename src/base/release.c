#include "base/release.h"

#include <stdio.h>

uint64_t wg_release_parse(const char *release)
{
	unsigned int part[3] = {0};

	if (sscanf(release, "%5u.%5u.%5u", &part[0], &part[1], &part[2]) < 2)
		return 0;
	for (int i = 1; i < 3; i++)
		if (part[i] > UINT16_MAX)
			part[i] = UINT16_MAX;
	return WG_RELEASE(part[0], part[1], part[2]);
}
