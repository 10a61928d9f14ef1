/* The probe of UDP sockets by this kernel, and verdicts about ones that are worse. */
#include "wgtest.h"

#include <errno.h>
#include <sched.h>

#include "udp/probe.h"

static struct wg_udp_probe probe;
static struct wg_offload_finding findings[WG_UDP_N_OFFLOADS];

static void fill(size_t which, size_t i)
{
	const struct wg_udp_train train = wg_udp_train(i);
	struct wg_udp_take *take = &probe.takes[which][i];

	*take = (struct wg_udp_take){.made = true};
	take->used = (uint16_t)wg_udp_train_make(&train, take->bytes);
	for (size_t n = 0; n < train.n; n++)
		take->lens[take->n++] = train.size;
	if (train.tail)
		take->lens[take->n++] = train.tail;
}

static int set_up(void **state)
{
	(void)state;
	memset(&probe, 0, sizeof(probe));
	for (size_t which = 0; which < WG_UDP_N_OFFLOADS; which++) {
		for (size_t i = 0; i < WG_UDP_TRAINS; i++)
			fill(which, i);
		probe.ended[which] = true;
	}
	return 0;
}

static void assert_verdicts(enum wg_offload_verdict gso, enum wg_offload_verdict gro)
{
	wg_udp_probe_judge(&probe, findings);
	assert_int_equal(findings[WG_UDP_GSO].verdict, gso);
	assert_int_equal(findings[WG_UDP_GRO].verdict, gro);
}

static void test_all_is_good_when_all_came_as_it_must(void **state)
{
	(void)state;
	assert_verdicts(WG_OFFLOAD_GOOD, WG_OFFLOAD_GOOD);
	probe.ended[WG_UDP_GRO] = false;
	assert_verdicts(WG_OFFLOAD_GOOD, WG_OFFLOAD_UNPROBED);
}

static void test_a_refused_train_is_bad_and_tells_nothing_of_receiving(void **state)
{
	(void)state;
	probe.takes[WG_UDP_GSO][0] = (struct wg_udp_take){.made = true, .error = -EIO};
	assert_verdicts(WG_OFFLOAD_BAD, WG_OFFLOAD_UNPROBED);
	assert_string_equal(findings[WG_UDP_GSO].what,
			    "3 x 1000 + 77 bytes of UDP over IPv4: send: Input/output error");
}

static void test_a_lost_datagram_is_bad(void **state)
{
	(void)state;
	probe.takes[WG_UDP_GRO][WG_UDP_TRAINS / 2].n = 1;
	assert_verdicts(WG_OFFLOAD_GOOD, WG_OFFLOAD_BAD);
	assert_string_equal(findings[WG_UDP_GRO].what,
			    "3 x 1000 + 77 bytes of UDP over IPv6 came back as 1 datagram");
}

static void test_a_wrong_boundary_is_bad(void **state)
{
	(void)state;
	probe.takes[WG_UDP_GRO][1].lens[1]--;
	probe.takes[WG_UDP_GRO][1].lens[2]++;
	assert_verdicts(WG_OFFLOAD_GOOD, WG_OFFLOAD_BAD);
	assert_string_equal(findings[WG_UDP_GRO].what,
			    "3 x 1000 bytes of UDP over IPv4: datagram 2 came back with 999 bytes "
			    "instead of 1000");
}

static void test_a_changed_byte_is_bad(void **state)
{
	(void)state;
	probe.takes[WG_UDP_GSO][2].bytes[2999] ^= 1;
	assert_verdicts(WG_OFFLOAD_BAD, WG_OFFLOAD_UNPROBED);
}

static void test_this_kernel_passes(void **state)
{
	(void)state;
	if (unshare(CLONE_NEWNET))
		wg_test_skip("a network namespace needs root");
	memset(&probe, 0, sizeof(probe));
	wg_udp_probe_make(&probe);
	for (size_t i = 0; i < WG_UDP_TRAINS; i++)
		assert_true(probe.takes[WG_UDP_GRO][i].made);
	assert_verdicts(WG_OFFLOAD_GOOD, WG_OFFLOAD_GOOD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_all_is_good_when_all_came_as_it_must, set_up),
		cmocka_unit_test_setup(test_a_refused_train_is_bad_and_tells_nothing_of_receiving,
				       set_up),
		cmocka_unit_test_setup(test_a_lost_datagram_is_bad, set_up),
		cmocka_unit_test_setup(test_a_wrong_boundary_is_bad, set_up),
		cmocka_unit_test_setup(test_a_changed_byte_is_bad, set_up),
		cmocka_unit_test(test_this_kernel_passes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
