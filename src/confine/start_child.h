/* What runs between clone and exec. Only for confine/start.c. */
#ifndef WG_CONFINE_START_CHILD_H
#define WG_CONFINE_START_CHILD_H

#include "confine/start.h"

/* In memory that starter and child both have. */
struct wg_confine_shared {
	struct wg_confine_report report;
	pid_t starter;
	bool has_user_namespace;
	int no_user_namespace; /* errno: why there is none */
	uint32_t user;         /* the child's to be; 0: it stays who it is */
	int no_user;           /* -errno: why */
	bool is_executing;     /* only exec is left */
	int error;             /* -errno for which it was not executed */
};

/* Enters the namespaces that can be entered, becomes its user and executes. Other threads of the
 * starter may have held locks when this one was copied: it makes nothing but system calls, and
 * text on its stack. sync: the starter's other end. */
_Noreturn void wg_confine_run_child(const struct wg_confine_start *start,
				    struct wg_confine_shared *shared, int sync);

#endif
