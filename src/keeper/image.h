/* The engine's program, which is a part of this one: so a keeper has the engine of the very
 * build that it belongs to, also when the package was upgraded meanwhile, and one file is
 * all there is to install. */
#ifndef WG_KEEPER_IMAGE_H
#define WG_KEEPER_IMAGE_H

/* A descriptor for fexecve(3), close-on-exec and read-only: memory that is sealed or, where
 * there is none that may be executed, a file without a name. -errno: neither can be had. */
int wg_image_open(void);

#endif
