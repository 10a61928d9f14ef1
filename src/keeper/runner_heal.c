/* An engine that crashed, was ended, or hangs is replaced by another one, with the same link
 * and sockets: nothing of the host changes, and peers shake hands anew. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "keeper/runner_parts.h"
#include "os/clock.h"

/* What lies further apart has another reason. */
#define STREAK (60 * WG_SECOND)

/* The first so many of a streak are started again at once; then it takes 1, 2, 4 ... s. */
#define AT_ONCE   2u
#define MAX_PAUSE 60u

/* How often a busy engine is asked for a sign of life (ms): what hangs is found within two. */
#define WATCH_INTERVAL 250

/* So much of a processor is not used without one (ms). An engine that gets no processor is not
 * to blame for being silent. */
#define SPINNING 150

/* Where /proc is not to be had, silence for so many questions in a row must do. */
#define BLIND_LIMIT 40u

static void restart(struct wg_runner *runner)
{
	int error;

	if (runner->stopped || runner->pid)
		return;
	runner->why[0] = '\0';
	error = wg_runner_start(runner);
	if (!error) {
		wg_runner_tell_all(runner);
		return;
	}
	if (!*runner->why)
		snprintf(runner->why, sizeof(runner->why), "start the engine: %s",
			 strerror(-error));
	wg_runner_heal(runner);
}

static void on_retry(uv_timer_t *timer)
{
	restart(timer->data);
}

static unsigned int pause_before(const struct wg_runner *runner)
{
	unsigned int n = runner->streak <= AT_ONCE ? 0 : runner->streak - AT_ONCE;

	if (!n)
		return 0;
	return n > 6 ? MAX_PAUSE : 1u << (n - 1);
}

void wg_runner_heal(struct wg_runner *runner)
{
	wg_time now = wg_clock_now().boot;
	unsigned int pause;

	wg_runner_watch(runner, false);
	runner->streak = runner->health.restarts && now - runner->health.at < STREAK
				 ? runner->streak + 1
				 : 1;
	runner->health.at = now;
	runner->health.restarts++;
	snprintf(runner->health.why, sizeof(runner->health.why), "%s", runner->why);
	pause = pause_before(runner);
	if (!pause) {
		wg_log(WG_LOG_ERROR, "%s; starting it again", runner->why);
		restart(runner);
		return;
	}
	wg_log(WG_LOG_ERROR, "%s; starting it again in %u s", runner->why, pause);
	uv_timer_start(&runner->retry, on_retry, pause * 1000u, 0);
}

/* The state of the engine's first thread, and what all of its threads used (ms). False where
 * that is not to be seen. proc_pid_stat(5): the name before may hold anything but a last ')'. */
static bool look_at(pid_t pid, char *state, uint64_t *cpu)
{
	unsigned long user;
	unsigned long system;
	char path[32];
	char line[1024];
	const char *rest;
	size_t n;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	n = fread(line, 1, sizeof(line) - 1, file);
	fclose(file);
	line[n] = '\0';
	rest = strrchr(line, ')');
	if (!rest || sscanf(rest, ") %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", state,
			    &user, &system) != 3)
		return false;
	*cpu = (user + system) * 1000 / (uint64_t)sysconf(_SC_CLK_TCK);
	return true;
}

/* Whether an engine that has not answered for an interval is to blame for it: it sleeps, is
 * stopped, or spins; but it may have got no processor. */
static bool is_hung(struct wg_runner *runner)
{
	uint64_t cpu;
	char state;

	runner->unanswered++;
	if (!look_at(runner->pid, &state, &cpu))
		return runner->unanswered > BLIND_LIMIT;
	return state != 'R' || cpu - runner->cpu_asked > SPINNING;
}

static void ask(struct wg_runner *runner)
{
	union wg_pair_message *message;
	char state;

	runner->asked = ++runner->serial;
	message = wg_runner_begin(runner, WG_PAIR_PING, 0, runner->asked);
	if (message)
		wg_runner_send(runner, WG_RUNNER_ANSWER_LIMIT);
	if (!look_at(runner->pid, &state, &runner->cpu_asked))
		runner->cpu_asked = 0;
}

static void on_watch(uv_timer_t *timer)
{
	struct wg_runner *runner = timer->data;

	if (!runner->pid)
		return;
	/* An answer may be there that nobody has read yet. */
	wg_runner_read(runner);
	if (!runner->pid)
		return;
	if (!runner->asked)
		ask(runner);
	else if (is_hung(runner))
		wg_runner_give_up(runner, "hung");
}

void wg_runner_answered(struct wg_runner *runner, uint64_t serial)
{
	if (serial == runner->asked)
		runner->asked = 0;
	runner->unanswered = 0;
}

void wg_runner_watch(struct wg_runner *runner, bool busy)
{
	runner->asked = 0;
	runner->unanswered = 0;
	if (busy)
		uv_timer_start(&runner->watchdog, on_watch, WATCH_INTERVAL, WATCH_INTERVAL);
	else
		uv_timer_stop(&runner->watchdog);
}

int wg_runner_open_timers(struct wg_runner *runner)
{
	int error = uv_timer_init(runner->uv, &runner->retry);

	if (error)
		return error;
	uv_timer_init(runner->uv, &runner->watchdog);
	runner->retry.data = runner;
	runner->watchdog.data = runner;
	runner->has_timers = true;
	return 0;
}

void wg_runner_close_timers(struct wg_runner *runner)
{
	if (!runner->has_timers)
		return;
	runner->has_timers = false;
	uv_close((uv_handle_t *)&runner->retry, NULL);
	uv_close((uv_handle_t *)&runner->watchdog, NULL);
}
