/* Opening a TUN link and asking of it, which takes a privilege: the keeper's part. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tun/link.h"
#include "tun/tun.h"

static bool name_is_valid(const char *name)
{
	size_t len = strlen(name);

	/* '%' would have the kernel pick a number; other bad names it refuses itself. */
	return len > 0 && len < WG_TUN_NAME_LEN && !strpbrk(name, "%/: \t\n\v\f\r") &&
	       strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* Why TUNSETIFF failed: a link of another kind gives EINVAL, like much else. */
static int attach_error(const char *name, int err)
{
	return err == EINVAL && if_nametoindex(name) ? -EBUSY : -err;
}

static int attach(int fd, const char *name)
{
	struct ifreq ifr = {.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR};

	strncpy(ifr.ifr_name, name, IFNAMSIZ - 1);
	return ioctl(fd, TUNSETIFF, &ifr) < 0 ? attach_error(name, errno) : 0;
}

int wg_tun_open(struct wg_tun **out, const char *name)
{
	int err;
	int fd;

	if (!name_is_valid(name))
		return -EINVAL;
	fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = attach(fd, name);
	if (!err)
		err = wg_tun_adopt(out, fd);
	if (err)
		close(fd);
	return err;
}

int wg_tun_mtu(const struct wg_tun *tun)
{
	struct wg_tun_link link;
	int err = wg_tun_link_get(wg_tun_fd(tun), &link);

	return err ? err : (int)link.mtu;
}

int wg_tun_is_up(const struct wg_tun *tun)
{
	struct wg_tun_link link;
	int err = wg_tun_link_get(wg_tun_fd(tun), &link);

	return err ? err : link.up;
}
