/* For tests that need a network of their own: a fresh namespace, links in it whose
 * other end is the test, and pictures of all that a tunnel may change. */
#ifndef WG_TESTS_NETNS_H
#define WG_TESTS_NETNS_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wgtest.h"

#include "route/address.h"
#include "route/link.h"
#include "route/neigh.h"
#include "route/netlink.h"
#include "route/route.h"
#include "route/rule.h"

#define WG_TEST_SKIPPED 77

/* Moves the whole test into a new network namespace, which dies with it. Exits as
 * skipped where that is not allowed or TUN devices cannot be made. */
static inline void wg_test_enter_netns(void)
{
	if (unshare(CLONE_NEWNET)) {
		fprintf(stderr, "skipped: a network namespace needs root: %s\n", strerror(errno));
		exit(WG_TEST_SKIPPED);
	}
	if (access("/dev/net/tun", R_OK | W_OK)) {
		fprintf(stderr, "skipped: /dev/net/tun: %s\n", strerror(errno));
		exit(WG_TEST_SKIPPED);
	}
}

/* A link of the given kind (IFF_TUN or IFF_TAP), which lives as long as the
 * descriptor that is returned. */
static inline int wg_test_link_new(const char *name, int kind)
{
	struct ifreq request = {.ifr_flags = (short)(kind | IFF_NO_PI)};
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	assert_true(fd >= 0);
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (ioctl(fd, TUNSETIFF, &request))
		fail_msg("cannot make %s: %s", name, strerror(errno));
	return fd;
}

static inline uint32_t wg_test_link_up(struct wg_netlink *nl, const char *name)
{
	struct wg_link link;

	assert_int_equal(wg_link_find(nl, name, &link), 0);
	assert_int_equal(wg_link_set_up(nl, link.index, true), 0);
	return link.index;
}

/* Removes the files of a folder, whatever a test that failed has left there. */
static inline void wg_test_empty_folder(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		if (entry->d_type == DT_REG)
			unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
}

static inline struct wg_ip wg_test_ip(const char *text)
{
	struct wg_ip ip;

	assert_true(wg_ip_parse(&ip, text));
	return ip;
}

static inline struct wg_prefix wg_test_prefix(const char *text)
{
	struct wg_prefix prefix;

	assert_true(wg_prefix_parse(&prefix, text));
	return prefix;
}

#endif
