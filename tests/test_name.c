#include "wgtest.h"

#include "conf/name.h"

static const struct {
	const char *name;
	bool link, tunnel, plain;
} names[] = {
	{"wg0", true, true, true},
	{"a_=+.-Z9", true, true, true},
	{"fifteen_letters", true, true, true},
	{"...", true, true, true},
	{"wg@home", true, true, false},
	{"a$(b)", true, true, false},
	{"50%", true, false, false},
	{"-wg0", true, false, false},
	{"sixteen__letters", false, false, false},
	{"", false, false, false},
	{".", false, false, false},
	{"..", false, false, false},
	{"a/b", false, false, false},
	{"a:b", false, false, false},
	{"a b", false, false, false},
	{"a\nb", false, false, false},
	{"w\xc3\xa4g", false, false, false},
};

static void test_a_name_suits_a_link_a_tunnel_and_a_hook_by_its_characters(void **state)
{
	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(names); i++) {
		if (wg_name_is_link(names[i].name) != names[i].link)
			fail_msg("a link: %s", names[i].name);
		if (!wg_name_refusal(names[i].name) != names[i].tunnel)
			fail_msg("a tunnel: %s", names[i].name);
		if (wg_name_is_plain(names[i].name) != names[i].plain)
			fail_msg("plain: %s", names[i].name);
	}
}

static void test_each_rule_takes_less_than_the_one_before(void **state)
{
	char name[2] = "";

	(void)state;
	for (int c = 1; c < 256; c++) {
		name[0] = (char)c;
		if (wg_name_is_plain(name))
			assert_null(wg_name_refusal(name));
		if (!wg_name_refusal(name))
			assert_true(wg_name_is_link(name));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_name_suits_a_link_a_tunnel_and_a_hook_by_its_characters),
		cmocka_unit_test(test_each_rule_takes_less_than_the_one_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
