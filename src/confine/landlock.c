/* Landlock, by the numbers of the kernel's own header, so that what a kernel has does not
 * depend on the headers that were there when this was built. */
#include <errno.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/bytes.h"
#include "confine/layers.h"

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_restrict_self  446
#endif

#define ASK_VERSION 1u

/* struct landlock_ruleset_attr, as of ABI 6. */
struct ruleset {
	uint64_t fs;
	uint64_t net;
	uint64_t scoped;
};

/* What is handled and not allowed by any rule is refused. How many bits of each kind there are
 * from an ABI on: <linux/landlock.h>, "Landlock ABI versions" in the kernel's
 * userspace-api/landlock.rst. */
static const struct {
	int abi;
	unsigned int fs;
	unsigned int net;    /* bind and connect TCP */
	unsigned int scoped; /* abstract UNIX sockets, signals */
} versions[] = {
	{1, 13, 0, 0}, {2, 14, 0, 0}, /* linking across folders */
	{3, 15, 0, 0},                /* truncating */
	{4, 15, 2, 0}, {5, 16, 2, 0}, /* ioctl on devices */
	{6, 16, 2, 2},
};

static uint64_t bits(unsigned int n)
{
	return ((uint64_t)1 << n) - 1;
}

static struct ruleset everything(int abi)
{
	size_t i = WG_ARRAY_LEN(versions) - 1;

	while (i > 0 && versions[i].abi > abi)
		i--;
	return (struct ruleset){bits(versions[i].fs), bits(versions[i].net),
				bits(versions[i].scoped)};
}

int wg_confine_landlock(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, ASK_VERSION);
	struct ruleset ruleset;
	int error = 0;
	long fd;

	if (abi < 0)
		return -errno;
	ruleset = everything((int)abi);
	/* An older kernel takes what is beyond its own attribute if that is zero. */
	fd = syscall(SYS_landlock_create_ruleset, &ruleset, sizeof(ruleset), 0);
	if (fd < 0)
		return -errno;
	if (syscall(SYS_landlock_restrict_self, fd, 0) < 0)
		error = -errno;
	close((int)fd);
	return error;
}
