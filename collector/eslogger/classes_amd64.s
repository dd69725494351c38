#include "textflag.h"

// ROW names 32 bytes, all of one value.
#define ROW(name, eight) \
	DATA name<>+0(SB)/8, $eight; \
	DATA name<>+8(SB)/8, $eight; \
	DATA name<>+16(SB)/8, $eight; \
	DATA name<>+24(SB)/8, $eight; \
	GLOBL name<>(SB), RODATA|NOPTR, $32

ROW(quote, 0x2222222222222222)
ROW(backslash, 0x5c5c5c5c5c5c5c5c)
ROW(slash, 0x2f2f2f2f2f2f2f2f)
ROW(control, 0x1f1f1f1f1f1f1f1f)
ROW(zero, 0x3030303030303030)
ROW(nine, 0x0909090909090909)
ROW(minus, 0x2d2d2d2d2d2d2d2d)
ROW(comma, 0x2c2c2c2c2c2c2c2c)
ROW(colon, 0x3a3a3a3a3a3a3a3a)
ROW(closer, 0x7d7d7d7d7d7d7d7d)
ROW(upper, 0x2020202020202020)

// BITS makes 64 bits in R of the high bits of LOW's and HIGH's bytes.
#define BITS(LOW, HIGH, R) \
	VPMOVMSKB LOW, R; \
	VPMOVMSKB HIGH, DX; \
	SHLQ $32, DX; \
	ORQ DX, R

// ESCAPES adds to Y14 the bytes of V that are control characters, or come after a
// backslash and are no slash. B is V moved by one byte, with what was before it.
#define ESCAPES(V, B) \
	VPCMPEQB backslash<>(SB), B, Y4; \
	VPCMPEQB slash<>(SB), V, Y5; \
	VPANDN Y4, Y5, Y4; \
	VPMINUB Y12, V, Y5; \
	VPCMPEQB V, Y5, Y5; \
	VPOR Y4, Y14, Y14; \
	VPOR Y5, Y14, Y14

// NUMBERS marks in A the digits and commas of V, in B its digits and colons, in S its zeros
// and minus signs. V is lost.
#define NUMBERS(V, A, B, S) \
	VPSUBB Y8, V, A; \
	VPMINUB Y9, A, B; \
	VPCMPEQB A, B, B; \
	VPCMPEQB Y10, V, A; \
	VPOR B, A, A; \
	VPCMPEQB Y11, V, S; \
	VPOR S, B, B; \
	VPCMPEQB Y8, V, S; \
	VPCMPEQB minus<>(SB), V, V; \
	VPOR V, S, S

// func classify(text *byte, to *classes, n int, inside uint64) bool
TEXT ·classify(SB), NOSPLIT, $0-33
	MOVQ text+0(FP), SI
	MOVQ to+8(FP), DI
	MOVQ n+16(FP), CX
	MOVQ inside+24(FP), R8
	VMOVDQU quote<>(SB), Y7
	VMOVDQU zero<>(SB), Y8
	VMOVDQU nine<>(SB), Y9
	VMOVDQU comma<>(SB), Y10
	VMOVDQU colon<>(SB), Y11
	VMOVDQU control<>(SB), Y12
	VPCMPEQB X13, X13, X13 // all ones: a product with it, without carries, is a prefix sum
	VPXOR Y14, Y14, Y14
	VPXOR Y15, Y15, Y15    // the 32 bytes before
	TESTQ CX, CX
	JZ done

loop:
	VMOVDQU (SI), Y0
	VMOVDQU 32(SI), Y1

	// The bytes before each.
	VPERM2I128 $0x21, Y0, Y15, Y2
	VPALIGNR $15, Y2, Y0, Y2
	VPERM2I128 $0x21, Y1, Y0, Y3
	VPALIGNR $15, Y3, Y1, Y3
	VMOVDQA Y1, Y15
	ESCAPES(Y0, Y2)
	ESCAPES(Y1, Y3)

	// Strings.
	VPCMPEQB Y7, Y0, Y2
	VPCMPEQB Y7, Y1, Y3
	BITS(Y2, Y3, AX)
	VMOVQ AX, X2
	VPCLMULQDQ $0, X13, X2, X2
	VMOVQ X2, AX
	XORQ R8, AX
	MOVQ AX, 0(DI)
	MOVQ AX, R8
	SARQ $63, R8
	NOTQ AX

	// What closes: with one bit set, ] is }.
	VPOR upper<>(SB), Y0, Y2
	VPOR upper<>(SB), Y1, Y3
	VPCMPEQB closer<>(SB), Y2, Y2
	VPCMPEQB closer<>(SB), Y3, Y3
	BITS(Y2, Y3, BX)
	ANDQ AX, BX
	MOVQ BX, 40(DI)

	NUMBERS(Y0, Y2, Y3, Y4)
	NUMBERS(Y1, Y5, Y6, Y0)
	BITS(Y4, Y0, BX)
	ANDQ AX, BX
	MOVQ BX, 16(DI)
	BITS(Y2, Y5, R9)
	BITS(Y3, Y6, R10)
	ANDQ AX, R9
	ANDQ AX, R10
	MOVQ R9, R11
	ANDQ R10, R11
	MOVQ R11, 8(DI)
	XORQ R11, R9
	MOVQ R9, 24(DI)
	XORQ R11, R10
	MOVQ R10, 32(DI)

	ADDQ $64, SI
	ADDQ $48, DI
	DECQ CX
	JNZ loop

done:
	VPTEST Y14, Y14
	SETEQ ret+32(FP)
	VZEROUPPER
	RET
