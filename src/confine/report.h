/* What the engine's confinement consists of, how much of it there is, and why not more. Shared
 * by the keeper, which makes the outer layers, and the engine, which makes the inner ones. */
#ifndef WG_CONFINE_REPORT_H
#define WG_CONFINE_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum wg_confine_mode {
	WG_CONFINE_AUTO,   /* as much as there is to be had */
	WG_CONFINE_STRICT, /* all of it, or the engine does not start */
	WG_CONFINE_OFF
};

enum wg_confine_layer {
	WG_CONFINE_USER,    /* an unprivileged user that nothing else runs as */
	WG_CONFINE_NETWORK, /* namespaces: one without links */
	WG_CONFINE_MOUNT,   /* an empty root that nothing can be written to */
	WG_CONFINE_PID,     /* sees no other process */
	WG_CONFINE_IPC,
	WG_CONFINE_UTS,
	WG_CONFINE_CGROUP,
	WG_CONFINE_UNDUMPABLE,   /* no core dump, no debugger, /proc/PID is root's */
	WG_CONFINE_NO_NEW_PRIVS, /* no program that it starts would have more rights */
	WG_CONFINE_CAPABILITIES, /* none, and none to be had again */
	WG_CONFINE_LANDLOCK,     /* no file by any path, no TCP, no signal to others */
	WG_CONFINE_LIMITS,       /* descriptors, threads, file size, core */
	WG_CONFINE_SECCOMP,      /* the system calls of the loop and no other */
	WG_CONFINE_N_LAYERS
};

/* Plain data, to be passed between the processes as it is. All zero: nothing was made. */
struct wg_confine_report {
	uint32_t mode; /* enum wg_confine_mode */
	uint32_t held; /* bit 1 << layer */
	uint32_t uid;  /* that the engine has, as its starter counts; while it holds USER */
	int32_t errors[WG_CONFINE_N_LAYERS]; /* errno of what is not held; 0: was not tried */
};

/* Enough for what any report says of itself. */
#define WG_CONFINE_TEXT_LEN 2048

/* "auto", "strict" or "off". -EINVAL for other words, with what was probably meant; where is
 * put before the text. */
int wg_confine_mode_parse(enum wg_confine_mode *mode, const char *text, const char *where,
			  struct wg_error *error);
const char *wg_confine_mode_name(enum wg_confine_mode mode);

void wg_confine_report_init(struct wg_confine_report *report, enum wg_confine_mode mode);
/* Notes that a layer is there (error 0), or the errno for which it is not. */
void wg_confine_note(struct wg_confine_report *report, enum wg_confine_layer layer, int error);
bool wg_confine_holds(const struct wg_confine_report *report, enum wg_confine_layer layer);
/* Whether every layer up to last is there. */
bool wg_confine_is_whole(const struct wg_confine_report *report, enum wg_confine_layer last);
/* Whether one that came from another process can be read: a mode and bits that exist. */
bool wg_confine_report_is_valid(const struct wg_confine_report *report);

/* "landlock": also what `show` and its JSON call it. */
const char *wg_confine_layer_name(enum wg_confine_layer layer);
/* Why it is not there: "Function not implemented". Empty when it is. text is of size bytes. */
void wg_confine_why(const struct wg_confine_report *report, enum wg_confine_layer layer, char *text,
		    size_t size);
/* What would mend that, or NULL. */
const char *wg_confine_remedy(const struct wg_confine_report *report, enum wg_confine_layer layer);

/* One line for people, without a prefix: "user, namespaces, capabilities, landlock, limits,
 * seccomp", then what is missing and why, "; without landlock (Function not implemented)"; or
 * "off". Namespaces are one word when all are there, and named otherwise. Returns the length;
 * what does not fit into size is cut off. */
size_t wg_confine_describe(const struct wg_confine_report *report, char *text, size_t size);

/* What is said when strict refuses: the first of the layers up to last that is missing, why, and
 * as a hint what would mend it. Returns -EPERM. */
int wg_confine_refuse(const struct wg_confine_report *report, enum wg_confine_layer last,
		      struct wg_error *error);

/* As words for an environment variable, and back. The text takes WG_CONFINE_WORDS_LEN bytes at
 * most. Decoding returns 0, or -EINVAL for what encode did not write. */
#define WG_CONFINE_WORDS_LEN 256
size_t wg_confine_encode(const struct wg_confine_report *report, char *text, size_t size);
int wg_confine_decode(struct wg_confine_report *report, const char *text);

#endif
