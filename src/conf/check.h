/* `tuff check`: the meaning of a configuration, and probable mistakes in it. Pure: nothing
 * is resolved, asked or changed. The rules are in conf/check_*.c, by subject. `tuff doctor`
 * finds its own, about a running tunnel, and reports them the same way. Only commands
 * include it. */
#ifndef WG_CONF_CHECK_H
#define WG_CONF_CHECK_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/endpoint.h"
#include "base/error.h"
#include "conf/conf.h"

enum wg_check_level {
	WG_CHECK_NOTE,    /* right, but worth knowing */
	WG_CHECK_WARNING, /* hardly meant like this */
	WG_CHECK_ERROR    /* cannot work */
};

struct wg_check_finding {
	enum wg_check_level level;
	const char *code;  /* a fixed name, like "host-bits"; docs/json.md lists them */
	unsigned int line; /* 0: the file as a whole */
	char *reason;
	char *remedy;
};

/* A row of the map. */
struct wg_check_place {
	bool inside;   /* the tunnel */
	char *address; /* an address, prefix, endpoint, or "UDP port 30567" */
	char *owner;   /* "this host", or the peer's label */
	unsigned int line;
};

struct wg_check {
	char *file; /* or the tunnel's name, for doctor */
	char *name; /* the link's; NULL when the file could not be parsed */
	struct wg_check_finding *findings;
	size_t n_findings;
	struct wg_check_place *places;
	size_t n_places;
	bool failed; /* memory was out; findings are missing */
};

/* Facts that the file itself does not tell. */
struct wg_check_host {
	bool others_can_read; /* the file's mode */

	/* The address that this host would send from to an endpoint; false when it is
	 * not known. May be NULL. */
	bool (*source)(struct wg_ip *source, const struct wg_endpoint *to);
};

void wg_check_init(struct wg_check *check, const char *file);
void wg_check_deinit(struct wg_check *check);

/* The first adds a finding with its reason; the second then sets its remedy. */
void wg_check_add(struct wg_check *check, enum wg_check_level level, const char *code,
		  unsigned int line, const char *format, ...) __attribute__((format(printf, 5, 6)));
void wg_check_remedy(struct wg_check *check, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* A file that could not be read or parsed, or a key that could not be loaded, as
 * finding "syntax" or "key-file". */
void wg_check_add_error(struct wg_check *check, const char *code, const struct wg_error *error);

/* Fills in the map and adds the findings of all rules, sorted by line. Keys in other files
 * should have been loaded; those that are missing are not judged. */
void wg_check_conf(struct wg_check *check, const struct wg_conf *conf,
		   const struct wg_check_host *host);

/* Whether anything is wrong: there is a warning or an error. */
bool wg_check_has_problems(const struct wg_check *check);

/* For people. */
void wg_check_print(FILE *file, const struct wg_check *check);

/* As docs/json.md says; a reference for the caller. NULL: out of memory. */
json_t *wg_check_json(const struct wg_check *check);
/* The same for doctor: there is no map. */
json_t *wg_check_doctor_json(const struct wg_check *check);

#endif
