#include "tun/loop_links.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tun/features.h"

/* 0 or -errno. */
static int write_parameter(const char *path, char value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, &value, 1) != 1)
		err = -errno;
	close(fd);
	return err;
}

/* A new namespace starts with the host's values of some of these parameters. */
static int allow_forwarding(struct wg_loop_links *links)
{
	int err = write_parameter("/proc/sys/net/ipv4/ip_forward", '1');

	write_parameter("/proc/sys/net/ipv4/conf/all/rp_filter", '0');
	write_parameter("/proc/sys/net/ipv4/conf/default/rp_filter", '0');
	write_parameter("/proc/sys/net/ipv6/conf/all/disable_ipv6", '0');
	write_parameter("/proc/sys/net/ipv6/conf/default/disable_ipv6", '0');
	links->has_ipv6 = !write_parameter("/proc/sys/net/ipv6/conf/all/forwarding", '1');
	return err;
}

/* A descriptor or -errno. The link is persistent, so that closing it does not wait until
 * the kernel has let go of it; the kernel does so in its own time, with the namespace. */
static int open_link(const char *name, int control)
{
	struct ifreq ifr = {.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR};
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	strncpy(ifr.ifr_name, name, IFNAMSIZ - 1);
	if (ioctl(fd, TUNSETIFF, &ifr) < 0 || ioctl(fd, TUNSETPERSIST, 1) < 0)
		return -errno;
	ifr.ifr_flags = IFF_UP;
	return ioctl(control, SIOCSIFFLAGS, &ifr) < 0 ? -errno : fd;
}

/* Everything goes out by "out". */
static int route_ipv4(int control)
{
	struct rtentry route = {.rt_flags = RTF_UP, .rt_dev = (char[]){"out"}};

	route.rt_dst.sa_family = AF_INET;
	route.rt_genmask.sa_family = AF_INET;
	return ioctl(control, SIOCADDRT, &route) < 0 ? -errno : 0;
}

static int route_ipv6(void)
{
	struct in6_rtmsg route = {.rtmsg_flags = RTF_UP, .rtmsg_metric = 1};
	struct ifreq ifr = {.ifr_name = "out"};
	int control = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int err = 0;

	if (control < 0)
		return -errno;
	if (ioctl(control, SIOCGIFINDEX, &ifr) < 0)
		err = -errno;
	route.rtmsg_ifindex = ifr.ifr_ifindex;
	if (!err && ioctl(control, SIOCADDRT, &route) < 0)
		err = -errno;
	close(control);
	return err;
}

int wg_loop_links_open(struct wg_loop_links *links)
{
	int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int err;

	if (control < 0)
		return -errno;
	err = allow_forwarding(links);
	if (err)
		return err;
	links->in = open_link("in", control);
	if (links->in < 0)
		return links->in;
	links->out = open_link("out", control);
	if (links->out < 0)
		return links->out;
	err = route_ipv4(control);
	if (links->has_ipv6)
		links->has_ipv6 = !route_ipv6();
	links->has_uso = ioctl(links->out, TUNSETOFFLOAD, TUN_F_CSUM | WG_TUN_F_USO) == 0;
	close(control);
	return err;
}

int wg_loop_links_offload(const struct wg_loop_links *links, bool on)
{
	unsigned int offloads = on ? TUN_F_CSUM | WG_TUN_F_TSO | (links->has_uso ? WG_TUN_F_USO : 0)
				   : 0;

	return ioctl(links->out, TUNSETOFFLOAD, offloads) < 0 ? -errno : 0;
}
