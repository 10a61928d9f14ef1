#include "keeper/steps.h"

#include <assert.h>

static void go_forth(struct wg_steps *steps)
{
	if (steps->begun == steps->n) {
		steps->way = WG_STEPS_OVER;
		steps->over(steps->ctx);
		return;
	}
	steps->furthest = ++steps->begun;
	steps->steps[steps->begun - 1].begin(steps->ctx);
}

static void go_back(struct wg_steps *steps)
{
	while (steps->begun && !steps->steps[steps->begun - 1].back)
		steps->begun--;
	if (steps->begun) {
		steps->steps[steps->begun - 1].back(steps->ctx);
		return;
	}
	steps->way = WG_STEPS_OVER;
	steps->over(steps->ctx);
}

static void turn(struct wg_steps *steps, const struct wg_error *error)
{
	steps->way = WG_STEPS_TURNED;
	steps->turned(steps->ctx, error);
}

void wg_steps_begin(struct wg_steps *steps)
{
	if (steps->way == WG_STEPS_FORTH)
		go_forth(steps);
}

void wg_steps_done(struct wg_steps *steps, const struct wg_error *error)
{
	const struct wg_error *failure = error && *error->text ? error : NULL;

	assert(steps->way != WG_STEPS_TURNED && steps->way != WG_STEPS_OVER);
	switch (steps->way) {
	case WG_STEPS_FORTH:
		if (failure)
			turn(steps, failure);
		else
			go_forth(steps);
		break;
	case WG_STEPS_HURRIED:
		turn(steps, failure);
		break;
	case WG_STEPS_BACK:
		steps->begun--;
		go_back(steps);
		break;
	case WG_STEPS_TURNED:
	case WG_STEPS_OVER:
		break; /* none is under way */
	}
}

void wg_steps_end(struct wg_steps *steps, const char *why)
{
	const struct wg_step *step = steps->begun ? &steps->steps[steps->begun - 1] : NULL;
	bool hurries = step && step->hurry;

	switch (steps->way) {
	case WG_STEPS_FORTH:
		if (!hurries) {
			turn(steps, NULL);
			break;
		}
		steps->way = WG_STEPS_HURRIED;
		step->hurry(steps->ctx, why);
		break;
	case WG_STEPS_HURRIED:
	case WG_STEPS_BACK:
		if (hurries)
			step->hurry(steps->ctx, why);
		break;
	case WG_STEPS_TURNED:
	case WG_STEPS_OVER:
		break;
	}
}

void wg_steps_back(struct wg_steps *steps)
{
	assert(steps->way == WG_STEPS_TURNED);
	steps->way = WG_STEPS_BACK;
	go_back(steps);
}
