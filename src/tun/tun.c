/* A TUN link that is open already: its settings. Nothing here opens anything. */
#include "tun/tun.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tun/features.h"
#include "tun/handle.h"

_Static_assert(WG_TUN_NAME_LEN == IFNAMSIZ, "the kernel's limit");

/* A persistent link keeps the header size of the program that had it last. */
static int set_vnet_len(const struct wg_tun *tun)
{
	int len = (int)tun->vnet_len;

	return len && ioctl(tun->fd, TUNSETVNETHDRSZ, &len) < 0 ? -errno : 0;
}

/* Super-packets come with a checksum that is left to us, so checksum offload goes with
 * each. */
static bool use(const struct wg_tun *tun, unsigned int offloads)
{
	if (offloads)
		offloads |= TUN_F_CSUM;
	return ioctl(tun->fd, TUNSETOFFLOAD, offloads) == 0;
}

/* Also when no offload is wanted: a persistent link may have those of the program that had
 * it last. */
static void use_states(const struct wg_tun *tun)
{
	unsigned int used = 0;

	if (tun->offloads[WG_TUN_TSO] == WG_OFFLOAD_IN_USE)
		used |= WG_TUN_F_TSO;
	if (tun->offloads[WG_TUN_USO] == WG_OFFLOAD_IN_USE)
		used |= WG_TUN_F_USO;
	use(tun, used);
}

static enum wg_offload_state state_of(bool unwanted, bool supported)
{
	return unwanted     ? WG_OFFLOAD_UNWANTED
	       : !supported ? WG_OFFLOAD_UNSUPPORTED
			    : WG_OFFLOAD_IN_USE;
}

static int set_flags(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -errno;
	return 0;
}

int wg_tun_adopt(struct wg_tun **out, int fd)
{
	struct ifreq ifr = {0};
	struct wg_tun *tun;
	int err;

	if (ioctl(fd, TUNGETIFF, &ifr) < 0)
		return -errno;
	if (!(ifr.ifr_flags & IFF_TUN))
		return -EINVAL;
	tun = calloc(1, sizeof(*tun));
	if (!tun)
		return -ENOMEM;
	tun->fd = fd;
	tun->vnet_len = ifr.ifr_flags & IFF_VNET_HDR ? sizeof(struct wg_vnet) : 0;
	err = set_flags(fd);
	if (!err)
		err = set_vnet_len(tun);
	if (err) {
		free(tun);
		return err;
	}
	wg_tun_set_offloads(tun, (const bool[WG_TUN_N_OFFLOADS]){false});
	*out = tun;
	return 0;
}

void wg_tun_close(struct wg_tun *tun)
{
	if (!tun)
		return;
	close(tun->fd);
	free(tun);
}

void wg_tun_set_offloads(struct wg_tun *tun, const bool unwanted[static WG_TUN_N_OFFLOADS])
{
	bool tso = tun->vnet_len && use(tun, WG_TUN_F_TSO);
	bool uso = tun->vnet_len && use(tun, WG_TUN_F_USO);

	tun->offloads[WG_TUN_TSO] = state_of(unwanted[WG_TUN_TSO], tso);
	tun->offloads[WG_TUN_USO] = state_of(unwanted[WG_TUN_USO], uso);
	tun->offloads[WG_TUN_TCP_GRO] = state_of(unwanted[WG_TUN_TCP_GRO], tso);
	tun->offloads[WG_TUN_UDP_GRO] = state_of(unwanted[WG_TUN_UDP_GRO], uso);
	use_states(tun);
}

void wg_tun_decide(struct wg_tun *tun, enum wg_tun_offload which, enum wg_offload_state state)
{
	tun->offloads[which] = state;
	use_states(tun);
}

enum wg_offload_state wg_tun_offload(const struct wg_tun *tun, enum wg_tun_offload which)
{
	return tun->offloads[which];
}

int wg_tun_fd(const struct wg_tun *tun)
{
	return tun->fd;
}

int wg_tun_name(const struct wg_tun *tun, char name[static WG_TUN_NAME_LEN])
{
	struct ifreq ifr = {0};

	if (ioctl(tun->fd, TUNGETIFF, &ifr) < 0)
		return -errno;
	memcpy(name, ifr.ifr_name, WG_TUN_NAME_LEN);
	name[WG_TUN_NAME_LEN - 1] = '\0';
	return 0;
}

const struct wg_tun_stats *wg_tun_stats(const struct wg_tun *tun)
{
	return &tun->stats;
}
