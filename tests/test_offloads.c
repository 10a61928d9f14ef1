#include "wgtest.h"

#include <errno.h>

#include "keeper/offloads.h"

static struct wg_offloads offloads;
static struct wg_error error;

static int parse(const char *text)
{
	wg_error_init(&error);
	memset(&offloads, 0, sizeof(offloads));
	return wg_offloads_parse(&offloads, text, "TUFF_OFFLOAD=", &error);
}

static void test_auto_and_nothing_want_all_of_them(void **state)
{
	static const char *const words[] = {
		NULL, "", "auto", "tso,uso,gso,gro", "gro gso uso tso", "Auto", "TSO,uso,Gso,gro"};
	const struct wg_offloads all = {0};

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(words); i++) {
		assert_int_equal(parse(words[i]), 0);
		assert_memory_equal(&offloads, &all, sizeof(all));
	}
}

static void test_off_wants_none_and_words_want_what_they_name(void **state)
{
	(void)state;
	assert_int_equal(parse("off"), 0);
	for (size_t i = 0; i < WG_TUN_N_OFFLOADS; i++)
		assert_true(offloads.tun[i]);
	for (size_t i = 0; i < WG_UDP_N_OFFLOADS; i++)
		assert_true(offloads.udp[i]);
	assert_int_equal(parse("tso, gro"), 0);
	assert_false(offloads.tun[WG_TUN_TSO]);
	assert_true(offloads.tun[WG_TUN_USO]);
	assert_false(offloads.tun[WG_TUN_TCP_GRO]);
	assert_true(offloads.udp[WG_UDP_GSO]);
	assert_false(offloads.udp[WG_UDP_GRO]);
}

static void test_an_unknown_word_is_refused_with_the_nearest(void **state)
{
	(void)state;
	assert_int_equal(parse("tso,gros"), -EINVAL);
	assert_string_equal(error.text, "TUFF_OFFLOAD=gros: no such offload");
	assert_string_equal(error.hint, "did you mean gro?");
	assert_int_equal(
		parse("tsotsotsotsotsotsotsotsotsotsotsotsotsotsotsotsotsotsotsotsotsotso"),
		-EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_auto_and_nothing_want_all_of_them),
		cmocka_unit_test(test_off_wants_none_and_words_want_what_they_name),
		cmocka_unit_test(test_an_unknown_word_is_refused_with_the_nearest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
