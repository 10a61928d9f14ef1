/* Linux as the judge: groups that are written to one TUN link and forwarded to another
 * must come out as the packets that went in, one hop older. The second link takes no
 * super-packets, so that Linux cuts the groups up, or it takes them, so that they are
 * split here.
 *
 *   streams -> coalesced -> "in" -> forwarding -> "out" -> (split) -> the same streams
 */
#include "netns.h"

#include <poll.h>

#include "coalesce_twin.h"
#include "host/sysctl.h"
#include "tun/tun.h"

#define WAIT_MS 10000

static struct wg_tun *in;
static struct wg_tun *out;

static struct wg_tun *open_link(struct wg_netlink *nl, const char *name, bool plain)
{
	const bool unwanted[WG_TUN_N_OFFLOADS] = {plain, plain, plain, plain};
	struct wg_tun *tun;

	assert_int_equal(wg_tun_open(&tun, name), 0);
	wg_tun_set_offloads(tun, unwanted);
	wg_test_link_up(nl, name);
	return tun;
}

/* Where the streams' addresses are. */
static void add_routes(struct wg_netlink *nl)
{
	static const char *const prefixes[] = {"10.0.1.0/24", "fdfd::/16"};
	struct wg_link link;

	assert_int_equal(wg_link_find(nl, "out", &link), 0);
	for (size_t i = 0; i < WG_ARRAY_LEN(prefixes); i++) {
		struct wg_route route = {.dst = wg_test_prefix(prefixes[i]),
					 .link = link.index,
					 .table = WG_ROUTE_TABLE_MAIN,
					 .type = WG_ROUTE_UNICAST,
					 .protocol = WG_ROUTE_FROM_BOOT};

		assert_int_equal(wg_route_add(nl, &route), 0);
	}
}

static int open_links(void **state, bool plain)
{
	struct wg_netlink *nl;

	assert_int_equal(set_up(state), 0);
	assert_int_equal(wg_netlink_open(&nl), 0);
	in = open_link(nl, "in", false);
	out = open_link(nl, "out", plain);
	assert_int_equal(wg_sysctl_write("net/ipv4/ip_forward", "1"), 0);
	assert_int_equal(wg_sysctl_write("net/ipv6/conf/all/forwarding", "1"), 0);
	assert_int_equal(wg_sysctl_write("net/ipv4/conf/all/rp_filter", "0"), 0);
	assert_int_equal(wg_sysctl_write("net/ipv4/conf/in/rp_filter", "0"), 0);
	add_routes(nl);
	wg_netlink_close(nl);
	return 0;
}

static int open_plain(void **state)
{
	return open_links(state, true);
}

static int open_offloaded(void **state)
{
	return open_links(state, false);
}

static int close_links(void **state)
{
	wg_tun_close(in);
	wg_tun_close(out);
	return tear_down(state);
}

static uint8_t flow_of(const uint8_t *ip)
{
	return twin_is_ipv6(ip) ? ip[39] : ip[19];
}

/* Whether it is one of the streams' packets: the kernel sends some of its own. */
static bool is_ours(const struct wg_packet *packet)
{
	return twin_is_ipv6(packet->data) ? packet->data[8] == 0xfd : packet->data[12] == 10;
}

/* The flow's next packet at or behind *next, as it should come out. */
static void expect(struct fixture *f, uint8_t flow, size_t *next)
{
	uint8_t *ip = f->segment.bytes;

	while (*next < f->n_sent && flow_of(f->sent[*next].bytes) != flow)
		++*next;
	assert_true(*next < f->n_sent);
	f->segment.len = f->sent[*next].len;
	memcpy(ip, f->sent[(*next)++].bytes, f->segment.len);
	ip[twin_is_ipv6(ip) ? 7 : 8]--;
	twin_seal(&f->segment);
}

static void check_forwarded(struct fixture *f, const struct wg_packet *packet, size_t *next)
{
	uint8_t flow = flow_of(packet->data);

	assert_in_range(flow, FIRST_FLOW, FIRST_FLOW + 3);
	expect(f, flow, &next[flow - FIRST_FLOW]);
	f->merged.len = packet->len;
	memcpy(f->merged.bytes, packet->data, packet->len);
	assert_true(same_packet(&f->segment, &f->merged,
				!twin_is_ipv6(packet->data) && packet->data[6] & 0x40));
}

/* Reads until everything that was sent has come, and compares. */
static void check_all_forwarded(struct fixture *f)
{
	struct pollfd pollfd = {.fd = wg_tun_fd(out), .events = POLLIN};
	size_t next[4] = {0};
	size_t n = 0;

	while (n < f->n_sent) {
		struct wg_packet *packet;

		assert_true(poll(&pollfd, 1, WAIT_MS) > 0);
		assert_true(wg_tun_read(out, f->pool, &f->batch, 1000) >= 0);
		for (; (packet = wg_batch_pop(&f->batch)); wg_packet_put(packet)) {
			if (!is_ours(packet))
				continue;
			check_forwarded(f, packet, next);
			n++;
		}
	}
}

static void test_forwarded_groups_are_the_packets_that_went_in(void **state)
{
	struct fixture *f = *state;
	struct wg_test_random random = {8};

	for (int i = 0; i < 300; i++) {
		make_streams(f, &random, 1 + (size_t)i % 4, false);
		assert_int_equal(wg_tun_write(in, &f->batch), 0);
		check_all_forwarded(f);
	}
	assert_int_equal(wg_tun_stats(in)->dropped_write, 0);
	assert_true(wg_tun_stats(in)->write_calls * 2 < wg_tun_stats(in)->written_packets);
	assert_int_equal(wg_tun_stats(out)->dropped_malformed, 0);
	assert_int_equal(wg_tun_offload(in, WG_TUN_TCP_GRO), WG_OFFLOAD_IN_USE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{"test_linux_cuts_groups_up_into_the_packets_that_went_in",
		 test_forwarded_groups_are_the_packets_that_went_in, open_plain, close_links, NULL},
		{"test_groups_that_linux_hands_on_are_split_into_the_packets_that_went_in",
		 test_forwarded_groups_are_the_packets_that_went_in, open_offloaded, close_links,
		 NULL},
	};

	wg_test_enter_netns();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
