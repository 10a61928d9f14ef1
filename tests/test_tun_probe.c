/* The probe of TUN links by this kernel, and verdicts about ones that are worse. */
#include "netns.h"

#include "tun/offload.h"
#include "tun/probe.h"

static struct wg_tun_probe probe;
static struct wg_offload_finding findings[WG_TUN_N_OFFLOADS];

/* A take of one specimen as this kernel's may be, each packet behind an empty header. */
static void fill(enum wg_tun_pass pass, size_t i)
{
	const struct wg_specimen specimen = wg_specimen(i);
	struct wg_tun_take *take = &probe.takes[pass][i];

	*take = (struct wg_tun_take){.made = true};
	for (size_t n = 0; n < wg_specimen_packets(&specimen); n++) {
		uint8_t *data = take->bytes + take->used + sizeof(struct wg_vnet);
		size_t len = sizeof(struct wg_vnet) + wg_specimen_expect(&specimen, n, data);

		take->lens[take->n++] = (uint16_t)len;
		take->used = (uint16_t)(take->used + len);
	}
}

static int set_up(void **state)
{
	(void)state;
	memset(&probe, 0, sizeof(probe));
	for (size_t i = 0; i < WG_SPECIMENS; i++) {
		fill(WG_TUN_PASS_CUT, i);
		fill(WG_TUN_PASS_WHOLE, i);
	}
	probe.ended[WG_TUN_PASS_CUT] = true;
	probe.ended[WG_TUN_PASS_WHOLE] = true;
	return 0;
}

static void assert_verdicts(enum wg_offload_verdict tso, enum wg_offload_verdict uso,
			    enum wg_offload_verdict tcp_gro, enum wg_offload_verdict udp_gro)
{
	wg_tun_probe_judge(&probe, findings);
	assert_int_equal(findings[WG_TUN_TSO].verdict, tso);
	assert_int_equal(findings[WG_TUN_USO].verdict, uso);
	assert_int_equal(findings[WG_TUN_TCP_GRO].verdict, tcp_gro);
	assert_int_equal(findings[WG_TUN_UDP_GRO].verdict, udp_gro);
}

static void test_all_is_good_when_all_came_as_it_must(void **state)
{
	(void)state;
	assert_verdicts(WG_OFFLOAD_GOOD, WG_OFFLOAD_GOOD, WG_OFFLOAD_GOOD, WG_OFFLOAD_GOOD);
}

static void test_a_refused_write_is_bad_and_tells_nothing_of_reading(void **state)
{
	(void)state;
	probe.takes[WG_TUN_PASS_CUT][1] = (struct wg_tun_take){.made = true, .error = -EINVAL};
	assert_verdicts(WG_OFFLOAD_UNPROBED, WG_OFFLOAD_GOOD, WG_OFFLOAD_BAD, WG_OFFLOAD_GOOD);
	assert_string_equal(findings[WG_TUN_TCP_GRO].what,
			    "3 x 1000 bytes of TCP over IPv4: write: Invalid argument");
}

static void test_damage_on_the_way_out_is_blamed_on_reading(void **state)
{
	struct wg_tun_take *take = &probe.takes[WG_TUN_PASS_WHOLE][WG_SPECIMENS - 1];

	(void)state;
	take->bytes[take->used - 1] ^= 1;
	assert_verdicts(WG_OFFLOAD_GOOD, WG_OFFLOAD_BAD, WG_OFFLOAD_GOOD, WG_OFFLOAD_GOOD);
}

static void test_what_cannot_be_split_did_not_come(void **state)
{
	struct wg_tun_take *take = &probe.takes[WG_TUN_PASS_WHOLE][0];

	(void)state;
	wg_vnet_store(take->bytes + sizeof(struct wg_vnet), &(struct wg_vnet){.gso_type = 77});
	assert_verdicts(WG_OFFLOAD_BAD, WG_OFFLOAD_GOOD, WG_OFFLOAD_GOOD, WG_OFFLOAD_GOOD);
	assert_string_equal(findings[WG_TUN_TSO].what,
			    "3 x 1000 + 77 bytes of TCP over IPv4 came back as 3 packets");
}

static void test_a_probe_that_was_cut_short_can_only_find_fault(void **state)
{
	(void)state;
	probe.ended[WG_TUN_PASS_WHOLE] = false;
	assert_verdicts(WG_OFFLOAD_UNPROBED, WG_OFFLOAD_UNPROBED, WG_OFFLOAD_GOOD, WG_OFFLOAD_GOOD);
	probe.ended[WG_TUN_PASS_CUT] = false;
	probe.takes[WG_TUN_PASS_CUT][0].n--;
	assert_verdicts(WG_OFFLOAD_UNPROBED, WG_OFFLOAD_UNPROBED, WG_OFFLOAD_BAD,
			WG_OFFLOAD_UNPROBED);
}

static void test_what_was_not_sent_is_not_judged(void **state)
{
	(void)state;
	for (size_t i = 0; i < WG_SPECIMENS; i++)
		if (wg_specimen(i).is_ipv6 || wg_specimen(i).is_udp)
			for (int pass = 0; pass < WG_TUN_N_PASSES; pass++)
				probe.takes[pass][i] = (struct wg_tun_take){0};
	assert_verdicts(WG_OFFLOAD_GOOD, WG_OFFLOAD_UNPROBED, WG_OFFLOAD_GOOD, WG_OFFLOAD_UNPROBED);
}

/* Before Linux 6.2, what is sent of UDP is nothing. */
static bool has_uso(void)
{
	struct wg_tun *tun;
	bool has;

	assert_int_equal(wg_tun_open(&tun, "uso"), 0);
	has = wg_tun_offload(tun, WG_TUN_USO) == WG_OFFLOAD_IN_USE;
	wg_tun_close(tun);
	return has;
}

static void test_this_kernel_passes(void **state)
{
	enum wg_offload_verdict udp = has_uso() ? WG_OFFLOAD_GOOD : WG_OFFLOAD_UNPROBED;

	(void)state;
	memset(&probe, 0, sizeof(probe));
	wg_tun_probe_make(&probe);
	for (size_t i = 0; i < WG_SPECIMENS; i++)
		if (!wg_specimen(i).is_udp || udp)
			assert_true(probe.takes[WG_TUN_PASS_WHOLE][i].made);
	wg_tun_probe_judge(&probe, findings);
	for (int i = 0; i < WG_TUN_N_OFFLOADS; i++)
		if (findings[i].verdict == WG_OFFLOAD_BAD)
			fail_msg("offload %d: %s", i, findings[i].what);
	assert_verdicts(WG_OFFLOAD_GOOD, udp, WG_OFFLOAD_GOOD, udp);
}

/* Linux hands super-packets on as they are, so that reading is probed at all. */
static void test_the_second_time_they_come_out_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < WG_SPECIMENS; i++) {
		if (!probe.takes[WG_TUN_PASS_WHOLE][i].made)
			continue;
		assert_int_equal(probe.takes[WG_TUN_PASS_WHOLE][i].n, 1);
		assert_true(probe.takes[WG_TUN_PASS_CUT][i].n >= 3);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_all_is_good_when_all_came_as_it_must, set_up),
		cmocka_unit_test_setup(test_a_refused_write_is_bad_and_tells_nothing_of_reading,
				       set_up),
		cmocka_unit_test_setup(test_damage_on_the_way_out_is_blamed_on_reading, set_up),
		cmocka_unit_test_setup(test_what_cannot_be_split_did_not_come, set_up),
		cmocka_unit_test_setup(test_a_probe_that_was_cut_short_can_only_find_fault, set_up),
		cmocka_unit_test_setup(test_what_was_not_sent_is_not_judged, set_up),
	};
	const struct CMUnitTest real[] = {
		cmocka_unit_test(test_this_kernel_passes),
		cmocka_unit_test(test_the_second_time_they_come_out_whole),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	if (failed)
		return failed;
	wg_test_enter_netns();
	return cmocka_run_group_tests(real, NULL, NULL);
}
