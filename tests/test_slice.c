/* Turns are as long as asked for, of one thread alone: the kernel is asked what it made of
 * it. Each time in a process of its own, since a slice cannot be taken back. */
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "wgtest.h"

#include "os/slice.h"

#define LONG_NS 20000000u

/* struct sched_attr, see sched_setattr(2). */
struct attributes {
	uint32_t size;
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime;
	uint64_t deadline;
	uint64_t period;
};

static struct attributes look(void)
{
	struct attributes attributes = {.size = sizeof(attributes)};

	assert_int_equal(syscall(SYS_sched_getattr, 0, &attributes, sizeof(attributes), 0), 0);
	return attributes;
}

/* Whether all is well there. */
static bool in_child(bool (*is_well)(void))
{
	int status = 1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(!is_well());
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status == 0;
}

static bool has_long_turns(void)
{
	return look().runtime == LONG_NS;
}

/* The tests may be run nicely themselves. */
static int niceness;

/* A process that goes before others has children that do not. */
static bool has_usual_turns(void)
{
	return look().runtime < LONG_NS && look().policy == SCHED_OTHER &&
	       look().nice == (niceness > 0 ? niceness : 0);
}

static bool gets_long_turns(void)
{
	wg_slice_lengthen();
	return has_long_turns();
}

static bool stays_as_nice(void)
{
	niceness = nice(5);
	wg_slice_lengthen();
	return look().nice == niceness && has_long_turns();
}

static bool has_usual_children(void)
{
	return stays_as_nice() && in_child(has_usual_turns);
}

static bool stays_a_batch(void)
{
	const struct sched_param none = {0};
	uint64_t before;

	if (sched_setscheduler(0, SCHED_BATCH, &none))
		return false;
	before = look().runtime;
	wg_slice_lengthen();
	return look().policy == SCHED_BATCH && look().runtime == before;
}

/* Before Linux 6.12 a slice is always 0. */
static void require_slices(void)
{
	if (look().runtime == 0)
		wg_test_skip("needs Linux 6.12");
}

static void test_turns_are_long(void **state)
{
	(void)state;
	require_slices();
	assert_true(in_child(gets_long_turns));
}

static void test_niceness_stays(void **state)
{
	(void)state;
	require_slices();
	assert_true(in_child(stays_as_nice));
}

static void test_programs_that_are_started_have_usual_turns(void **state)
{
	(void)state;
	require_slices();
	assert_true(in_child(has_usual_children));
}

static void test_another_policy_is_left_alone(void **state)
{
	(void)state;
	assert_true(in_child(stays_a_batch));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_turns_are_long),
		cmocka_unit_test(test_niceness_stays),
		cmocka_unit_test(test_programs_that_are_started_have_usual_turns),
		cmocka_unit_test(test_another_policy_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
