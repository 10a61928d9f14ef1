/* A way of several steps, each of which may take a while: walked from the first to the last,
 * and, after a failure or when asked to end, back from wherever that was. It knows nothing
 * of what the steps do; they call it from the loop's thread. Pure. */
#ifndef WG_KEEPER_STEPS_H
#define WG_KEEPER_STEPS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Each of a step's functions gets the walk's ctx. */
struct wg_step {
	/* Does it, and calls wg_steps_done when that is over, at once or later. */
	void (*begin)(void *ctx);
	/* Takes back what begin did, or had begun to do when it failed; then as begin. NULL:
	 * there is nothing to do. */
	void (*back)(void *ctx);
	/* Has what is under way, begin or back, call wg_steps_done soon. NULL: begin only
	 * waits, and can be turned back from at once. */
	void (*hurry)(void *ctx, const char *why);
};

enum wg_steps_way {
	WG_STEPS_FORTH,
	WG_STEPS_HURRIED, /* is to turn back as soon as the step under way is done */
	WG_STEPS_TURNED,  /* nothing is under way until wg_steps_back */
	WG_STEPS_BACK,
	WG_STEPS_OVER
};

struct wg_steps {
	const struct wg_step *steps;
	size_t n;
	/* The walk turns back: the step under way failed (error), or, with NULL, it was asked
	 * to end. wg_steps_back must follow, at once or later. */
	void (*turned)(void *ctx, const struct wg_error *error);
	/* It is back at its start; or all steps are done, and nothing is left to be called
	 * for. May free it. */
	void (*over)(void *ctx);
	void *ctx;

	/* Its own, zero at first. */
	enum wg_steps_way way;
	size_t begun;    /* steps that have begun and are not taken back; the last is under way */
	size_t furthest; /* the most of them that there have been */
};

/* Begins the first step; nothing when the walk was ended before. */
void wg_steps_begin(struct wg_steps *steps);

/* What is under way is done: with an error (text not empty) it failed. On the way back that
 * makes no difference. NULL: it did not fail. */
void wg_steps_done(struct wg_steps *steps, const struct wg_error *error);

/* Asks for the end, or, where that is under way, for a faster one. */
void wg_steps_end(struct wg_steps *steps, const char *why);

/* Begins the way back, after turned. */
void wg_steps_back(struct wg_steps *steps);

/* Whether the walk goes that way, and the step of that number is under way. */
static inline bool wg_steps_is(const struct wg_steps *steps, enum wg_steps_way way, size_t step)
{
	return steps->way == way && steps->begun == step + 1;
}

/* Whether the step of that number was ever begun. */
static inline bool wg_steps_reached(const struct wg_steps *steps, size_t step)
{
	return steps->furthest > step;
}

#endif
