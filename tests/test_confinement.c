#include "wgtest.h"

#include <errno.h>

#include "confine/report.h"

static struct wg_confine_report whole(void)
{
	struct wg_confine_report report;

	wg_confine_report_init(&report, WG_CONFINE_AUTO);
	for (enum wg_confine_layer layer = 0; layer < WG_CONFINE_N_LAYERS; layer++)
		wg_confine_note(&report, layer, 0);
	return report;
}

static void assert_describes(const struct wg_confine_report *report, const char *expected)
{
	char text[WG_CONFINE_TEXT_LEN];

	assert_int_equal(wg_confine_describe(report, text, sizeof(text)), strlen(expected));
	assert_string_equal(text, expected);
}

static void test_a_whole_confinement_names_its_layers(void **state)
{
	struct wg_confine_report report = whole();

	(void)state;
	assert_describes(&report, "user, namespaces, capabilities, landlock, limits, seccomp");
	assert_true(wg_confine_is_whole(&report, WG_CONFINE_SECCOMP));
}

static void test_what_is_missing_is_named_with_its_cause(void **state)
{
	struct wg_confine_report report = whole();

	(void)state;
	wg_confine_note(&report, WG_CONFINE_PID, EPERM);
	wg_confine_note(&report, WG_CONFINE_NO_NEW_PRIVS, EINVAL);
	wg_confine_note(&report, WG_CONFINE_LANDLOCK, ENOSYS);
	assert_describes(&report, "user, network namespace, mount namespace, ipc namespace, "
				  "uts namespace, cgroup namespace, capabilities, limits, seccomp; "
				  "without pid namespace (Operation not permitted), "
				  "no-new-privs (Invalid argument), "
				  "landlock (Function not implemented)");
	assert_false(wg_confine_is_whole(&report, WG_CONFINE_SECCOMP));
	assert_true(wg_confine_is_whole(&report, WG_CONFINE_MOUNT));
}

static void test_without_anything_it_says_so(void **state)
{
	struct wg_confine_report report;
	char text[WG_CONFINE_TEXT_LEN];

	(void)state;
	wg_confine_report_init(&report, WG_CONFINE_AUTO);
	wg_confine_describe(&report, text, sizeof(text));
	assert_memory_equal(text, "nothing; without user (not tried), ", 35);
	wg_confine_report_init(&report, WG_CONFINE_OFF);
	assert_describes(&report, "off");
}

static void test_a_text_that_is_too_long_is_cut(void **state)
{
	struct wg_confine_report report = whole();
	char text[10];

	(void)state;
	assert_int_equal(wg_confine_describe(&report, text, sizeof(text)), 9);
	assert_string_equal(text, "user, nam");
}

static void test_strict_names_the_first_that_is_missing_and_what_mends_it(void **state)
{
	struct wg_confine_report report = whole();
	struct wg_error error;

	(void)state;
	wg_error_init(&error);
	wg_confine_note(&report, WG_CONFINE_NETWORK, ENOSPC);
	wg_confine_note(&report, WG_CONFINE_SECCOMP, ENOSYS);
	assert_int_equal(wg_confine_refuse(&report, WG_CONFINE_CGROUP, &error), -EPERM);
	assert_string_equal(error.text, "Confine = strict: there is no network namespace: the "
					"limit on namespaces is reached");
	assert_non_null(strstr(error.hint, "user.max_user_namespaces"));
	assert_non_null(strstr(error.hint, "Confine = auto"));

	wg_confine_note(&report, WG_CONFINE_NETWORK, 0);
	wg_confine_refuse(&report, WG_CONFINE_SECCOMP, &error);
	assert_string_equal(error.text,
			    "Confine = strict: there is no seccomp: Function not implemented");
	assert_non_null(strstr(error.hint, "CONFIG_SECCOMP_FILTER"));
}

static void test_a_layer_has_a_remedy_only_while_it_is_missing(void **state)
{
	struct wg_confine_report report = whole();

	(void)state;
	assert_null(wg_confine_remedy(&report, WG_CONFINE_LANDLOCK));
	wg_confine_note(&report, WG_CONFINE_LANDLOCK, EOPNOTSUPP);
	assert_non_null(strstr(wg_confine_remedy(&report, WG_CONFINE_LANDLOCK), "Linux 5.13"));
}

static void test_a_mode_is_one_of_three_words(void **state)
{
	enum wg_confine_mode mode;
	struct wg_error error;

	(void)state;
	for (enum wg_confine_mode each = WG_CONFINE_AUTO; each <= WG_CONFINE_OFF; each++) {
		assert_int_equal(
			wg_confine_mode_parse(&mode, wg_confine_mode_name(each), "", &error), 0);
		assert_int_equal(mode, each);
	}
	assert_int_equal(wg_confine_mode_parse(&mode, "strickt", "wg0.conf:3: Confine: ", &error),
			 -EINVAL);
	assert_string_equal(error.text, "wg0.conf:3: Confine: strickt: no such choice");
	assert_string_equal(error.hint, "did you mean strict?");
	wg_confine_mode_parse(&mode, "2", "", &error);
	assert_string_equal(error.hint, "auto, strict or off");
}

static void test_a_report_comes_back_from_its_words(void **state)
{
	struct wg_confine_report report = whole();
	struct wg_confine_report read;
	char words[WG_CONFINE_WORDS_LEN];

	(void)state;
	report.uid = UINT32_MAX;
	for (enum wg_confine_layer layer = 0; layer < WG_CONFINE_N_LAYERS; layer++)
		wg_confine_note(&report, layer, layer % 2 ? INT32_MAX : 0);
	/* The longest that there is fits. */
	assert_true(wg_confine_encode(&report, words, sizeof(words)) < sizeof(words) - 1);
	assert_int_equal(wg_confine_decode(&read, words), 0);
	assert_memory_equal(&read, &report, sizeof(report));
}

static void test_other_words_are_no_report(void **state)
{
	struct wg_confine_report report = whole();
	char words[WG_CONFINE_WORDS_LEN + 8];
	size_t len = wg_confine_encode(&report, words, sizeof(words) - 8);

	(void)state;
	assert_int_equal(wg_confine_decode(&report, ""), -EINVAL);
	assert_int_equal(wg_confine_decode(&report, "0 0"), -EINVAL);
	memcpy(words + len, " 0", 3);
	assert_int_equal(wg_confine_decode(&report, words), -EINVAL);
	memcpy(words + len, "x", 2);
	assert_int_equal(wg_confine_decode(&report, words), -EINVAL);
	words[len] = 0;
	words[0] = '3'; /* a mode that there is not */
	assert_int_equal(wg_confine_decode(&report, words), -EINVAL);
	words[0] = '-';
	assert_int_equal(wg_confine_decode(&report, words), -EINVAL);
}

static void test_a_report_of_another_process_is_checked(void **state)
{
	struct wg_confine_report report = whole();

	(void)state;
	assert_true(wg_confine_report_is_valid(&report));
	report.held |= 1u << WG_CONFINE_N_LAYERS;
	assert_false(wg_confine_report_is_valid(&report));
	report = whole();
	report.mode = WG_CONFINE_OFF + 1;
	assert_false(wg_confine_report_is_valid(&report));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_whole_confinement_names_its_layers),
		cmocka_unit_test(test_what_is_missing_is_named_with_its_cause),
		cmocka_unit_test(test_without_anything_it_says_so),
		cmocka_unit_test(test_a_text_that_is_too_long_is_cut),
		cmocka_unit_test(test_strict_names_the_first_that_is_missing_and_what_mends_it),
		cmocka_unit_test(test_a_layer_has_a_remedy_only_while_it_is_missing),
		cmocka_unit_test(test_a_mode_is_one_of_three_words),
		cmocka_unit_test(test_a_report_comes_back_from_its_words),
		cmocka_unit_test(test_other_words_are_no_report),
		cmocka_unit_test(test_a_report_of_another_process_is_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
