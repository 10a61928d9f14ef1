/* Sockets that are open already: their offloads, and what is counted. Nothing here opens
 * anything. */
#include "udp/udp.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/bytes.h"
#include "udp/kernel.h"
#include "udp/socket.h"

/* Linux 4.18 has it; asking changes nothing. */
static bool has_gso(int fd, const char *release)
{
	int value;
	socklen_t len = sizeof(value);

	return wg_udp_kernel_trust(release, WG_UDP_GSO) != WG_OFFLOAD_BARRED &&
	       getsockopt(fd, SOL_UDP, UDP_SEGMENT, &value, &len) == 0;
}

static bool enable_gro(int fd, const char *release)
{
	const int on = 1;

	return wg_udp_kernel_trust(release, WG_UDP_GRO) != WG_OFFLOAD_BARRED &&
	       setsockopt(fd, SOL_UDP, UDP_GRO, &on, sizeof(on)) == 0;
}

static void choose_offloads(struct wg_udp *udp, const struct wg_udp_options *options)
{
	bool supported[WG_UDP_N_OFFLOADS] = {true, true};
	struct utsname kernel = {0};

	uname(&kernel);
	for (unsigned int i = 0; i < WG_UDP_SOCKETS; i++) {
		if (udp->fds[i] < 0)
			continue;
		supported[WG_UDP_GSO] &= has_gso(udp->fds[i], kernel.release);
		if (!options->unwanted[WG_UDP_GRO] && !options->broken[WG_UDP_GRO])
			supported[WG_UDP_GRO] &= enable_gro(udp->fds[i], kernel.release);
	}
	for (unsigned int i = 0; i < WG_UDP_N_OFFLOADS; i++)
		udp->offloads[i] = options->unwanted[i] ? WG_OFFLOAD_UNWANTED
				   : !supported[i]      ? WG_OFFLOAD_UNSUPPORTED
				   : options->broken[i] ? WG_OFFLOAD_BROKEN
							: WG_OFFLOAD_IN_USE;
}

int wg_udp_adopt(struct wg_udp **out, const int fds[static WG_UDP_SOCKETS],
		 const struct wg_udp_options *options)
{
	struct wg_udp *udp = calloc(1, sizeof(*udp));

	if (!udp)
		return -ENOMEM;
	memcpy(udp->fds, fds, sizeof(udp->fds));
	udp->port = options->port;
	udp->fwmark = options->fwmark;
	udp->receiver.want = 2;
	choose_offloads(udp, options);
	*out = udp;
	return 0;
}

void wg_udp_close(struct wg_udp *udp)
{
	if (!udp)
		return;
	for (unsigned int i = 0; i < WG_UDP_SOCKETS; i++)
		if (udp->fds[i] >= 0)
			close(udp->fds[i]);
	free(udp);
}

uint16_t wg_udp_port(const struct wg_udp *udp)
{
	return udp->port;
}

int wg_udp_fd(const struct wg_udp *udp, unsigned int i)
{
	return udp->fds[i];
}

enum wg_offload_state wg_udp_offload(const struct wg_udp *udp, enum wg_udp_offload which)
{
	return udp->offloads[which];
}

/* Asked for when somebody wants to know: SO_RXQ_OVFL would tell the same with every
 * datagram, and cost a control message each. Linux 4.12 has it; before that, nothing. */
static void look_at_queue(struct wg_udp *udp, unsigned int i)
{
	uint32_t info[SK_MEMINFO_VARS];
	socklen_t len = sizeof(info);

	if (udp->fds[i] < 0 || getsockopt(udp->fds[i], SOL_SOCKET, SO_MEMINFO, info, &len) < 0 ||
	    len <= SK_MEMINFO_DROPS * sizeof(info[0]))
		return;
	udp->stats.dropped_queue += (uint32_t)(info[SK_MEMINFO_DROPS] - udp->dropped_queue[i]);
	udp->dropped_queue[i] = info[SK_MEMINFO_DROPS];
}

const struct wg_udp_stats *wg_udp_stats(struct wg_udp *udp)
{
	for (unsigned int i = 0; i < WG_UDP_SOCKETS; i++)
		look_at_queue(udp, i);
	return &udp->stats;
}
