#include "confine/report.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/nearest.h"

static const char *const modes[] = {
	[WG_CONFINE_AUTO] = "auto",
	[WG_CONFINE_STRICT] = "strict",
	[WG_CONFINE_OFF] = "off",
};

#define FIRST_NAMESPACE WG_CONFINE_NETWORK
#define LAST_NAMESPACE  WG_CONFINE_CGROUP

#define SWITCH "allow user namespaces (sysctl user.max_user_namespaces, or the system's own switch)"

static const struct {
	const char *name;
	const char *remedy;
} layers[WG_CONFINE_N_LAYERS] = {
	[WG_CONFINE_USER] = {"user", "start it as root, with CAP_SETUID and CAP_SETGID"},
	[WG_CONFINE_NETWORK] = {"network", SWITCH},
	[WG_CONFINE_MOUNT] = {"mount", SWITCH},
	[WG_CONFINE_PID] = {"pid", SWITCH},
	[WG_CONFINE_IPC] = {"ipc", SWITCH},
	[WG_CONFINE_UTS] = {"uts", SWITCH},
	[WG_CONFINE_CGROUP] = {"cgroup", SWITCH},
	[WG_CONFINE_UNDUMPABLE] = {"undumpable", NULL},
	[WG_CONFINE_NO_NEW_PRIVS] = {"no-new-privs", NULL},
	[WG_CONFINE_CAPABILITIES] = {"capabilities", SWITCH},
	[WG_CONFINE_LANDLOCK] = {"landlock",
				 "a kernel with it: Linux 5.13, CONFIG_SECURITY_LANDLOCK, "
				 "and landlock in its lsm= list"},
	[WG_CONFINE_LIMITS] = {"limits", "raise the limit on processes (ulimit -u)"},
	[WG_CONFINE_SECCOMP] = {"seccomp", "a kernel with it: CONFIG_SECCOMP_FILTER"},
};

/* Always there; only told of when they are not. */
static bool is_silent(enum wg_confine_layer layer)
{
	return layer == WG_CONFINE_UNDUMPABLE || layer == WG_CONFINE_NO_NEW_PRIVS;
}

static bool is_namespace(enum wg_confine_layer layer)
{
	return layer >= FIRST_NAMESPACE && layer <= LAST_NAMESPACE;
}

int wg_confine_mode_parse(enum wg_confine_mode *mode, const char *text, const char *where,
			  struct wg_error *error)
{
	const char *nearest;

	for (size_t i = 0; i < WG_ARRAY_LEN(modes); i++) {
		if (strcmp(text, modes[i]) != 0)
			continue;
		*mode = (enum wg_confine_mode)i;
		return 0;
	}
	nearest = wg_nearest(text, modes, WG_ARRAY_LEN(modes));
	wg_error_set(error, -EINVAL, "%s%s: no such choice", where, text);
	if (nearest)
		wg_error_hint(error, "did you mean %s?", nearest);
	else
		wg_error_hint(error, "auto, strict or off");
	return -EINVAL;
}

const char *wg_confine_mode_name(enum wg_confine_mode mode)
{
	return modes[mode];
}

void wg_confine_report_init(struct wg_confine_report *report, enum wg_confine_mode mode)
{
	*report = (struct wg_confine_report){.mode = mode};
}

void wg_confine_note(struct wg_confine_report *report, enum wg_confine_layer layer, int error)
{
	report->errors[layer] = error;
	if (error)
		report->held &= ~(1u << layer);
	else
		report->held |= 1u << layer;
}

bool wg_confine_holds(const struct wg_confine_report *report, enum wg_confine_layer layer)
{
	return report->held >> layer & 1;
}

bool wg_confine_is_whole(const struct wg_confine_report *report, enum wg_confine_layer last)
{
	uint32_t all = (2u << last) - 1;

	return (report->held & all) == all;
}

bool wg_confine_report_is_valid(const struct wg_confine_report *report)
{
	return report->mode <= WG_CONFINE_OFF && report->held >> WG_CONFINE_N_LAYERS == 0;
}

const char *wg_confine_layer_name(enum wg_confine_layer layer)
{
	return layers[layer].name;
}

void wg_confine_why(const struct wg_confine_report *report, enum wg_confine_layer layer, char *text,
		    size_t size)
{
	const char *why;

	if (wg_confine_holds(report, layer))
		why = "";
	else if (!report->errors[layer])
		why = "not tried";
	else if (is_namespace(layer) && report->errors[layer] == ENOSPC)
		why = "the limit on namespaces is reached"; /* what it means there */
	else
		why = strerror(report->errors[layer]);
	snprintf(text, size, "%s", why);
}

const char *wg_confine_remedy(const struct wg_confine_report *report, enum wg_confine_layer layer)
{
	return wg_confine_holds(report, layer) ? NULL : layers[layer].remedy;
}

struct line {
	char *text;
	size_t size;
	size_t len;
};

__attribute__((format(printf, 2, 3))) static void put(struct line *line, const char *format, ...)
{
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsnprintf(line->text + line->len, line->size - line->len, format, arguments);
	va_end(arguments);
	line->len += (size_t)n;
	if (line->len >= line->size)
		line->len = line->size - 1;
}

static bool holds_all_namespaces(const struct wg_confine_report *report)
{
	bool all = true;

	for (enum wg_confine_layer layer = FIRST_NAMESPACE; layer <= LAST_NAMESPACE; layer++)
		all &= wg_confine_holds(report, layer);
	return all;
}

static void put_held(struct line *line, const struct wg_confine_report *report)
{
	bool as_one = holds_all_namespaces(report);

	for (enum wg_confine_layer layer = 0; layer < WG_CONFINE_N_LAYERS; layer++) {
		const char *separator = line->len ? ", " : "";

		if (!wg_confine_holds(report, layer) || is_silent(layer))
			continue;
		if (!is_namespace(layer))
			put(line, "%s%s", separator, layers[layer].name);
		else if (!as_one)
			put(line, "%s%s namespace", separator, layers[layer].name);
		else if (layer == FIRST_NAMESPACE)
			put(line, "%snamespaces", separator);
	}
}

static void put_missing(struct line *line, const struct wg_confine_report *report)
{
	const char *separator = line->len ? "; without " : "nothing; without ";

	for (enum wg_confine_layer layer = 0; layer < WG_CONFINE_N_LAYERS; layer++) {
		char why[128];

		if (wg_confine_holds(report, layer))
			continue;
		wg_confine_why(report, layer, why, sizeof(why));
		put(line, "%s%s%s (%s)", separator, layers[layer].name,
		    is_namespace(layer) ? " namespace" : "", why);
		separator = ", ";
	}
}

size_t wg_confine_describe(const struct wg_confine_report *report, char *text, size_t size)
{
	struct line line = {.text = text, .size = size};

	if (report->mode == WG_CONFINE_OFF) {
		put(&line, "off");
		return line.len;
	}
	put_held(&line, report);
	put_missing(&line, report);
	return line.len;
}

int wg_confine_refuse(const struct wg_confine_report *report, enum wg_confine_layer last,
		      struct wg_error *error)
{
	enum wg_confine_layer layer = 0;
	char why[128];

	while (layer < last && wg_confine_holds(report, layer))
		layer++;
	wg_confine_why(report, layer, why, sizeof(why));
	wg_error_set(error, -EPERM, "Confine = strict: there is no %s%s: %s", layers[layer].name,
		     is_namespace(layer) ? " namespace" : "", why);
	if (layers[layer].remedy)
		wg_error_hint(error, "%s; or Confine = auto", layers[layer].remedy);
	return -EPERM;
}

size_t wg_confine_encode(const struct wg_confine_report *report, char *text, size_t size)
{
	struct line line = {.text = text, .size = size};

	put(&line, "%u %u %u", report->mode, report->held, report->uid);
	for (size_t i = 0; i < WG_CONFINE_N_LAYERS; i++)
		put(&line, " %d", report->errors[i]);
	return line.len;
}

static int take(const char **text, long max, uint32_t *value)
{
	char *end;
	unsigned long number;

	errno = 0;
	number = strtoul(*text, &end, 10);
	if (end == *text || errno || number > (unsigned long)max || (*end && *end != ' '))
		return -EINVAL;
	*text = end;
	*value = (uint32_t)number;
	return 0;
}

int wg_confine_decode(struct wg_confine_report *report, const char *text)
{
	struct wg_confine_report read = {0};
	uint32_t error;

	if (take(&text, WG_CONFINE_OFF, &read.mode) ||
	    take(&text, (1l << WG_CONFINE_N_LAYERS) - 1, &read.held) ||
	    take(&text, UINT32_MAX, &read.uid))
		return -EINVAL;
	for (size_t i = 0; i < WG_CONFINE_N_LAYERS; i++) {
		if (take(&text, INT32_MAX, &error))
			return -EINVAL;
		read.errors[i] = (int32_t)error;
	}
	if (*text)
		return -EINVAL;
	*report = read;
	return 0;
}
