/* What commands and the log write to standard error: as it is for people, and with
 * priorities for the journal. */
#include "wgtest.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "os/logsink.h"
#include "os/report.h"

static FILE *captured;
static int real_stderr;

static void begin_capture(void)
{
	captured = tmpfile();
	assert_non_null(captured);
	fflush(stderr);
	real_stderr = dup(STDERR_FILENO);
	assert_true(dup2(fileno(captured), STDERR_FILENO) >= 0);
}

/* The journal names its stream by device and inode. */
static void pretend_journal(void)
{
	char text[64];
	struct stat st;

	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	snprintf(text, sizeof(text), "%llu:%llu", (unsigned long long)st.st_dev,
		 (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", text, 1);
}

static const char *end_capture(void)
{
	static char text[4096];
	size_t len;

	fflush(stderr);
	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	rewind(captured);
	len = fread(text, 1, sizeof(text) - 1, captured);
	text[len] = '\0';
	fclose(captured);
	unsetenv("JOURNAL_STREAM");
	return text;
}

static void speak(void)
{
	struct wg_error error;

	wg_error_set(&error, 0, "wg0: no");
	wg_error_hint(&error, "yes");
	assert_int_equal(wg_report(WG_EXIT_USAGE, &error), WG_EXIT_USAGE);
	wg_error_set(&error, 0, "hm");
	wg_report_at(WG_LOG_WARNING, &error);
	wg_error_set(&error, 0, "%d", 7);
	wg_report_at(WG_LOG_NOTICE, &error);
}

static void test_people_read_no_priorities(void **state)
{
	(void)state;
	begin_capture();
	setenv("JOURNAL_STREAM", "1:2", 1);
	wg_report_init();
	speak();
	assert_string_equal(end_capture(), "tuff: wg0: no\nhint: yes\ntuff: hm\ntuff: 7\n");
}

static void test_the_journal_is_told_how_urgent_each_line_is(void **state)
{
	(void)state;
	begin_capture();
	pretend_journal();
	wg_report_init();
	speak();
	assert_string_equal(end_capture(),
			    "<3>tuff: wg0: no\n<3>hint: yes\n<4>tuff: hm\n<5>tuff: 7\n");
}

static void test_who_speaks_through_another_keeps_the_priorities(void **state)
{
	FILE *pipe = tmpfile();

	(void)state;
	assert_non_null(pipe);
	begin_capture();
	pretend_journal();
	wg_report_init();
	end_capture();
	captured = pipe;
	real_stderr = dup(STDERR_FILENO);
	dup2(fileno(pipe), STDERR_FILENO);
	speak();
	assert_string_equal(end_capture(),
			    "<3>tuff: wg0: no\n<3>hint: yes\n<4>tuff: hm\n<5>tuff: 7\n");
}

static void test_a_log_line_names_its_tunnel_once(void **state)
{
	(void)state;
	begin_capture();
	wg_logsink_open("wg0", true, WG_LOG_DEBUG);
	wg_log(WG_LOG_ERROR, "one");
	wg_log(WG_LOG_ERROR, "wg0: two");
	wg_log(WG_LOG_ERROR, "wg01: three");
	wg_log(WG_LOG_ERROR, "wg0:4: four");
	assert_string_equal(end_capture(), "tuff: wg0: one\ntuff: wg0: two\n"
					   "tuff: wg0: wg01: three\ntuff: wg0: wg0:4: four\n");
	begin_capture();
	pretend_journal();
	wg_logsink_open("wg0", true, WG_LOG_DEBUG);
	wg_log(WG_LOG_WARNING, "wg0: two");
	assert_string_equal(end_capture(), "<4>wg0: two\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_people_read_no_priorities),
		cmocka_unit_test(test_the_journal_is_told_how_urgent_each_line_is),
		cmocka_unit_test(test_who_speaks_through_another_keeps_the_priorities),
		cmocka_unit_test(test_a_log_line_names_its_tunnel_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
