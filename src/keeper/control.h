/* The control server: accepts clients at the control socket, and notices when its file
 * is removed. What requests do is its handler's. */
#ifndef WG_KEEPER_CONTROL_H
#define WG_KEEPER_CONTROL_H

#include <stddef.h>
#include <uv.h>

#include "core/config.h"
#include "crypto/text.h"
#include "ctl/sockfile.h"
#include "ctl/uapi.h"
#include "keeper/describe.h"

struct wg_control;

struct wg_control_handler {
	/* Applies a change, all of it or nothing. 0 or -errno. */
	int (*set)(void *ctx, struct wg_config *change);
	/* Adds the next piece of the answer to get=1 or show=1, without its errno, to
	 * text. The description is all zero before the first one, and may be given up
	 * at any time. 1 when there is more, 0 when that was all, or -errno. */
	int (*describe)(void *ctx, enum wg_uapi_kind kind, struct wg_description *description,
			struct wg_text *text);
	/* reload=1: the file is to be read again. The client waits for a
	 * wg_control_reloaded whose beginning is yet to come. 0 or -errno. */
	int (*reload)(void *ctx);
	/* down=1: the tunnel is to end. The client waits for wg_control_farewell. */
	void (*down)(void *ctx);
	/* The socket's file was removed or replaced: no client can come any more. */
	void (*gone)(void *ctx);
	void *ctx;
};

/* What clients may take; a client too many cuts off the one that was silent longest, a
 * byte too many the one that has most. */
struct wg_control_limits {
	size_t clients;
	size_t bytes; /* that requests and answers under way take, of all clients */
};

extern const struct wg_control_limits wg_control_usual_limits;

/* Serves fd, which listens. It takes fd and the file, also when it fails: closing
 * closes and removes them. 0, -ENOENT when the file is gone already, or another
 * -errno. */
int wg_control_open(struct wg_control **out, uv_loop_t *loop, int fd,
		    const struct wg_sockfile *file, const struct wg_control_limits *limits,
		    const struct wg_control_handler *handler);

/* The tunnel has ended: answers all who asked it to. text is lines, with their errno. */
void wg_control_farewell(struct wg_control *control, const char *text);

/* The file is read now: who asked for it until now is answered with what comes of it, who
 * asks from now on with what comes of the next time. */
void wg_control_reload_begins(struct wg_control *control);

/* Answers them: lines, with their errno. */
void wg_control_reloaded(struct wg_control *control, const char *text, size_t len);

/* Cuts off all clients. The memory goes when the loop runs on. NULL is ignored. */
void wg_control_close(struct wg_control *control);

/* How many clients are connected. */
size_t wg_control_clients(const struct wg_control *control);

#endif
