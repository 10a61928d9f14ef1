#include "wgtest.h"

#include "base/utf8.h"

static void test_only_characters_of_the_standard_are_kept(void **state)
{
	static const struct {
		const char *text;
		const char *mended;
	} cases[] = {
		{"", ""},
		{"basalt\x7f", "basalt\x7f"},
		{"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
		{"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"},
		{"\xe9t\xe9", "?t?"},         /* Latin-1 */
		{"\xc3", "?"},                /* cut off */
		{"\xe2\x82", "??"},           /* cut off */
		{"\xf0\x9f\x98", "???"},      /* cut off */
		{"\xc0\xaf", "??"},           /* overlong */
		{"\xe0\x80\xaf", "???"},      /* overlong */
		{"\xf0\x80\x80\xaf", "????"}, /* overlong */
		{"\xed\xa0\x80", "???"},      /* a surrogate */
		{"\xf4\x90\x80\x80", "????"}, /* above U+10FFFF */
		{"\x80z", "?z"},              /* no first byte */
	};

	(void)state;
	for (size_t i = 0; i < WG_ARRAY_LEN(cases); i++) {
		char text[16];

		snprintf(text, sizeof(text), "%s", cases[i].text);
		assert_int_equal(wg_utf8_valid(text), strcmp(text, cases[i].mended) == 0);
		wg_utf8_mend(text);
		assert_string_equal(text, cases[i].mended);
		assert_true(wg_utf8_valid(text));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_characters_of_the_standard_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
