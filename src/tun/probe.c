#include "tun/probe.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/bytes.h"
#include "tun/loop_links.h"
#include "tun/offload.h"

/* Forwarding is over before the write returns, or a moment later if another processor does
 * it. A packet that has not come by then never will. */
#define WAIT_MS 300

/* A packet that needs no offload. */
#define PLAIN_LEN 77

#define VNET_LEN sizeof(struct wg_vnet)

static void keep(struct wg_tun_take *take, const uint8_t *packet, size_t len)
{
	if (take->n == WG_ARRAY_LEN(take->lens) || take->used + len > sizeof(take->bytes))
		return;
	memcpy(take->bytes + take->used, packet, len);
	take->lens[take->n++] = (uint16_t)len;
	take->used = (uint16_t)(take->used + len);
}

/* Reads all that is there. Bytes of our packets' payload. */
static size_t read_all(int out, const struct wg_specimen *specimen, struct wg_tun_take *take)
{
	size_t header_len = VNET_LEN + wg_specimen_header_len(specimen);
	uint8_t buffer[VNET_LEN + WG_SPECIMEN_ROOM];
	size_t payload = 0;
	ssize_t len;

	while ((len = read(out, buffer, sizeof(buffer))) > 0) {
		if ((size_t)len <= header_len ||
		    !wg_specimen_is_ours(buffer + VNET_LEN, (size_t)len - VNET_LEN))
			continue;
		keep(take, buffer, (size_t)len);
		payload += (size_t)len - header_len;
	}
	return payload;
}

/* Whether all of it came, in whatever shape. */
static bool collect(int out, const struct wg_specimen *specimen, size_t payload,
		    struct wg_tun_take *take)
{
	struct pollfd pollfd = {.fd = out, .events = POLLIN};
	size_t came = read_all(out, specimen, take);

	while (came < payload && poll(&pollfd, 1, WAIT_MS) > 0)
		came += read_all(out, specimen, take);
	return came >= payload;
}

/* Writes it in pieces, as a group of packets is written: the first whole, and of each other
 * the payload. */
static int write_pieces(int in, const struct wg_specimen *specimen, uint8_t *data, size_t len)
{
	size_t at = specimen->n ? wg_specimen_header_len(specimen) + specimen->size : len;
	struct iovec iov[WG_SPECIMEN_PACKETS] = {{data - VNET_LEN, VNET_LEN + at}};
	int n = 1;

	for (; at < len; at += iov[n++].iov_len)
		iov[n] = (struct iovec){data + at,
					len - at < specimen->size ? len - at : specimen->size};
	return writev(in, iov, n) < 0 ? -errno : 0;
}

/* Whether it was refused, or all of it came. */
static bool send_one(const struct wg_loop_links *links, const struct wg_specimen *specimen,
		     struct wg_tun_take *take)
{
	uint8_t buffer[VNET_LEN + WG_SPECIMEN_ROOM];
	size_t len = wg_specimen_make(specimen, buffer + VNET_LEN);
	bool ok = true;

	take->error = write_pieces(links->in, specimen, buffer + VNET_LEN, len);
	if (!take->error)
		ok = collect(links->out, specimen, len - wg_specimen_header_len(specimen), take);
	take->made = true;
	return ok;
}

/* Whether the way is open, shown by a packet that is not super. */
static bool is_open(const struct wg_loop_links *links, bool is_ipv6)
{
	const struct wg_specimen plain = {.is_ipv6 = is_ipv6, .is_udp = true, .tail = PLAIN_LEN};
	struct wg_tun_take take = {0};

	return send_one(links, &plain, &take) && !take.error;
}

/* A packet that is lost costs waiting, so after one no more of its protocol are sent. */
static void send_all(const struct wg_loop_links *links, struct wg_tun_take *takes, bool lost[2])
{
	const bool open[2] = {is_open(links, false), links->has_ipv6 && is_open(links, true)};

	for (size_t i = 0; i < WG_SPECIMENS; i++) {
		const struct wg_specimen specimen = wg_specimen(i);

		if (open[specimen.is_ipv6] && !lost[specimen.is_udp])
			lost[specimen.is_udp] = !send_one(links, &specimen, &takes[i]);
	}
}

void wg_tun_probe_make(struct wg_tun_probe *probe)
{
	struct wg_loop_links links;
	bool lost[2] = {false, false};

	if (wg_loop_links_open(&links))
		return;
	lost[true] = !links.has_uso;
	for (int pass = 0; pass < WG_TUN_N_PASSES; pass++) {
		if (wg_loop_links_offload(&links, pass == WG_TUN_PASS_WHOLE))
			return;
		send_all(&links, probe->takes[pass], lost);
		probe->ended[pass] = true;
	}
}

/* The packets that came, after splitting; one that cannot be split is left out, as it is in
 * wg_tun_read. */
static void split(const struct wg_tun_take *take, struct wg_pool *pool, struct wg_batch *batch)
{
	const uint8_t *bytes = take->bytes;

	for (size_t i = 0; i < take->n; bytes += take->lens[i++]) {
		size_t len = take->lens[i] - VNET_LEN;
		size_t first = WG_SLOT_ROOM - WG_OFFLOAD_TAILROOM;
		struct wg_packet *packet = wg_pool_get(pool, WG_SLOT_ROOM);

		if (!packet)
			return;
		if (len < first)
			first = len;
		memcpy(packet->data - VNET_LEN, bytes, VNET_LEN + first);
		packet->len = (uint32_t)first;
		wg_offload_split(packet, bytes + VNET_LEN + first, len - first, pool, batch);
	}
}

static void judge_take(const struct wg_specimen *specimen, const struct wg_tun_take *take,
		       struct wg_pool *pool, struct wg_offload_finding *finding)
{
	struct wg_batch came;

	if (take->error) {
		wg_specimen_refused(specimen, take->error, finding);
		return;
	}
	wg_batch_init(&came);
	split(take, pool, &came);
	wg_specimen_judge(specimen, &came, finding);
	wg_batch_drop(&came);
}

/* Of one pass and protocol; the first that is bad counts. */
static void judge_pass(const struct wg_tun_probe *probe, enum wg_tun_pass pass, bool is_udp,
		       struct wg_pool *pool, struct wg_offload_finding *finding)
{
	*finding = (struct wg_offload_finding){0};
	for (size_t i = 0; i < WG_SPECIMENS && finding->verdict != WG_OFFLOAD_BAD; i++) {
		const struct wg_specimen specimen = wg_specimen(i);

		if (specimen.is_udp == is_udp && probe->takes[pass][i].made)
			judge_take(&specimen, &probe->takes[pass][i], pool, finding);
	}
	if (finding->verdict == WG_OFFLOAD_GOOD && !probe->ended[pass])
		finding->verdict = WG_OFFLOAD_UNPROBED;
}

void wg_tun_probe_judge(const struct wg_tun_probe *probe,
			struct wg_offload_finding findings[static WG_TUN_N_OFFLOADS])
{
	struct wg_pool *pool = wg_pool_new(sizeof(probe->takes));

	memset(findings, 0, WG_TUN_N_OFFLOADS * sizeof(*findings));
	if (!pool)
		return;
	judge_pass(probe, WG_TUN_PASS_CUT, false, pool, &findings[WG_TUN_TCP_GRO]);
	judge_pass(probe, WG_TUN_PASS_CUT, true, pool, &findings[WG_TUN_UDP_GRO]);
	if (findings[WG_TUN_TCP_GRO].verdict == WG_OFFLOAD_GOOD)
		judge_pass(probe, WG_TUN_PASS_WHOLE, false, pool, &findings[WG_TUN_TSO]);
	if (findings[WG_TUN_UDP_GRO].verdict == WG_OFFLOAD_GOOD)
		judge_pass(probe, WG_TUN_PASS_WHOLE, true, pool, &findings[WG_TUN_USO]);
	wg_pool_free(pool);
}
