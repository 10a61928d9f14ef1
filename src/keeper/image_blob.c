/* The bytes of the engine's program. WG_ENGINE_IMAGE is the file that they are in. */
__asm__(".section .rodata\n"
	".balign 4096\n"
	".global wg_image_start\n"
	".hidden wg_image_start\n"
	"wg_image_start:\n"
	".incbin \"" WG_ENGINE_IMAGE "\"\n"
	".global wg_image_end\n"
	".hidden wg_image_end\n"
	"wg_image_end:\n"
	".byte 0\n"
	".balign 4096\n"
	".previous\n");
