#include "keeper/newlink.h"

#include <errno.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>

#include "route/link.h"
#include "route/netlink.h"

/* As the kernel's WireGuard is: its MTU, and no address that nobody gave it, from which
 * the kernel would ask for routers that no peer is. */
static int set_up_link(const char *name)
{
	struct wg_netlink *netlink;
	struct wg_link link;
	int error = wg_netlink_open(&netlink);

	if (error)
		return error;
	error = wg_link_find(netlink, name, &link);
	if (!error)
		error = wg_link_set_mtu(netlink, link.index, WG_NEWLINK_MTU);
	if (!error)
		(void)wg_link_set_addressless(netlink, link.index); /* there may be no IPv6 */
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
	return set_up_link(ifr.ifr_name);
}

int wg_newlink_open(struct wg_tun **tun, const char *name)
{
	int error = wg_tun_open(tun, name);

	if (error)
		return error;
	error = set_up_new(*tun);
	if (error)
		wg_tun_close(*tun);
	return error;
}
