/* A step in a turn of the loop of its own. */
#ifndef WG_OS_LATER_H
#define WG_OS_LATER_H

#include <uv.h>

/* Calls step(ctx) from the loop, once, soon. 0 or -ENOMEM. */
int wg_later(uv_loop_t *loop, void (*step)(void *ctx), void *ctx);

#endif
