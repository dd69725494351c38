#include "textflag.h"

// BITS makes 64 bits in R of four vectors of bytes that are 0 or 255: each keeps the bit of
// its place among eight, and sums of neighbours put these together.
#define BITS(P, Q, S, T, R) \
	VAND V30.B16, P.B16, P.B16; \
	VAND V30.B16, Q.B16, Q.B16; \
	VAND V30.B16, S.B16, S.B16; \
	VAND V30.B16, T.B16, T.B16; \
	VADDP Q.B16, P.B16, P.B16; \
	VADDP T.B16, S.B16, S.B16; \
	VADDP S.B16, P.B16, P.B16; \
	VADDP P.B16, P.B16, P.B16; \
	VMOV P.D[0], R

// SAME marks the bytes of V0 to V3 that are those of K.
#define SAME(K, A, B, C, D) \
	VCMEQ K.B16, V0.B16, A.B16; \
	VCMEQ K.B16, V1.B16, B.B16; \
	VCMEQ K.B16, V2.B16, C.B16; \
	VCMEQ K.B16, V3.B16, D.B16

// ESCAPES adds to V28 the bytes of V that are control characters, or come after a
// backslash and are no slash. P is what comes before V.
#define ESCAPES(P, V) \
	VEXT $15, V.B16, P.B16, V4.B16; \
	VCMEQ V17.B16, V4.B16, V4.B16; \
	VCMEQ V18.B16, V.B16, V5.B16; \
	VAND V4.B16, V5.B16, V5.B16; \
	VEOR V4.B16, V5.B16, V4.B16; \
	VUMIN V19.B16, V.B16, V5.B16; \
	VCMEQ V.B16, V5.B16, V5.B16; \
	VORR V4.B16, V28.B16, V28.B16; \
	VORR V5.B16, V28.B16, V28.B16

// DIGITS marks the digits of V.
#define DIGITS(V, A) \
	VSUB V20.B16, V.B16, V12.B16; \
	VUMIN V21.B16, V12.B16, A.B16; \
	VCMEQ V12.B16, A.B16, A.B16

// func classify(text *byte, to *classes, n int, inside uint64) bool
TEXT ·classify(SB), NOSPLIT, $0-33
	MOVD text+0(FP), R0
	MOVD to+8(FP), R1
	MOVD n+16(FP), R2
	MOVD inside+24(FP), R3
	VMOVI $34, V16.B16  // quote
	VMOVI $92, V17.B16  // backslash
	VMOVI $47, V18.B16  // slash
	VMOVI $31, V19.B16  // the last control character
	VMOVI $48, V20.B16  // zero
	VMOVI $9, V21.B16
	VMOVI $45, V22.B16  // minus
	VMOVI $44, V23.B16  // comma
	VMOVI $58, V24.B16  // colon
	VMOVI $125, V25.B16 // what closes,
	VMOVI $32, V26.B16  // with this bit set, by which ] is }
	VEOR V28.B16, V28.B16, V28.B16
	VEOR V29.B16, V29.B16, V29.B16 // the 16 bytes before
	MOVD $0x8040201008040201, R4
	VDUP R4, V30.D2
	CBZ R2, done

loop:
	VLD1.P 64(R0), [V0.B16, V1.B16, V2.B16, V3.B16]
	ESCAPES(V29, V0)
	ESCAPES(V0, V1)
	ESCAPES(V1, V2)
	ESCAPES(V2, V3)
	VMOV V3.B16, V29.B16

	// Strings: whether the number of quotes up to a byte is odd.
	SAME(V16, V4, V5, V6, V7)
	BITS(V4, V5, V6, V7, R4)
	EOR R4<<1, R4, R4
	EOR R4<<2, R4, R4
	EOR R4<<4, R4, R4
	EOR R4<<8, R4, R4
	EOR R4<<16, R4, R4
	EOR R4<<32, R4, R4
	EOR R3, R4, R4
	ASR $63, R4, R3 // all ones inside a string

	DIGITS(V0, V4)
	DIGITS(V1, V5)
	DIGITS(V2, V6)
	DIGITS(V3, V7)
	BITS(V4, V5, V6, V7, R5)
	BIC R4, R5, R5
	STP (R4, R5), 0(R1)

	SAME(V20, V4, V5, V6, V7)
	SAME(V22, V8, V9, V10, V11)
	VORR V8.B16, V4.B16, V4.B16
	VORR V9.B16, V5.B16, V5.B16
	VORR V10.B16, V6.B16, V6.B16
	VORR V11.B16, V7.B16, V7.B16
	BITS(V4, V5, V6, V7, R5)
	BIC R4, R5, R5
	SAME(V23, V4, V5, V6, V7)
	BITS(V4, V5, V6, V7, R6)
	BIC R4, R6, R6
	STP (R5, R6), 16(R1)

	SAME(V24, V4, V5, V6, V7)
	BITS(V4, V5, V6, V7, R5)
	BIC R4, R5, R5
	VORR V26.B16, V0.B16, V0.B16
	VORR V26.B16, V1.B16, V1.B16
	VORR V26.B16, V2.B16, V2.B16
	VORR V26.B16, V3.B16, V3.B16
	SAME(V25, V4, V5, V6, V7)
	BITS(V4, V5, V6, V7, R6)
	BIC R4, R6, R6
	STP (R5, R6), 32(R1)

	ADD $48, R1
	SUB $1, R2
	CBNZ R2, loop

done:
	VMOV V28.D[0], R4
	VMOV V28.D[1], R5
	ORR R4, R5, R4
	CMP $0, R4
	CSET EQ, R4
	MOVB R4, ret+32(FP)
	RET
