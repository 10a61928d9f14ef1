#include "daemon/privileged.h"

#include <errno.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>

#include "route/link.h"
#include "route/netlink.h"

static int set_mtu(const char *name, uint32_t mtu)
{
	struct wg_netlink *netlink;
	struct wg_link link;
	int error = wg_netlink_open(&netlink);

	if (error)
		return error;
	error = wg_link_find(netlink, name, &link);
	if (!error)
		error = wg_link_set_mtu(netlink, link.index, mtu);
	wg_netlink_close(netlink);
	return error;
}

static int set_up_new(const struct wg_tun *tun)
{
	struct ifreq ifr = {0};

	if (ioctl(wg_tun_fd(tun), TUNGETIFF, &ifr) < 0)
		return -errno;
	if (ifr.ifr_flags & IFF_PERSIST)
		return 0;
	return set_mtu(ifr.ifr_name, WG_PRIVILEGED_MTU);
}

int wg_privileged_open_tun(struct wg_tun **tun, const char *name)
{
	int error = wg_tun_open(tun, name);

	if (error)
		return error;
	error = set_up_new(*tun);
	if (error)
		wg_tun_close(*tun);
	return error;
}

int wg_privileged_get_link(const struct wg_tun *tun, struct wg_tun_link *link)
{
	return wg_tun_link_get(wg_tun_fd(tun), link);
}

int wg_privileged_open_udp(struct wg_udp **udp, const struct wg_udp_options *options)
{
	return wg_udp_open(udp, options);
}

int wg_privileged_set_mark(struct wg_udp *udp, uint32_t fwmark)
{
	return wg_udp_set_mark(udp, fwmark);
}

int wg_privileged_listen(struct wg_sockfile *file, const char *path)
{
	return wg_sockfile_listen(file, path);
}

void wg_privileged_remove(const struct wg_sockfile *file)
{
	wg_sockfile_remove(file);
}
