package eslogger

import "math/bits"

// What follows checks 64 bytes at a time, by their classes and without a decision for each
// member, what is of no use but must be JSON. An index below zero says that this is for
// the readers that know all of JSON.

// flatBlocks is how many times 64 bytes are looked at together, at most: a stat object has
// less.
const flatBlocks = 7

// skipFlat skips an object of plain strings and whole numbers, as eslogger's stat objects
// are, of at most so many times 64 bytes, and returns the index behind it.
func skipFlat(b []byte, i, blocks int) int {
	n := min((len(b)-i)/classBytes, blocks, flatBlocks)
	if !wide || n <= 0 || b[i] != '{' {
		return -1
	}
	var all [flatBlocks]classes
	if !classify(&b[i], &all[0], n, 0) {
		return -1
	}
	// A brace is followed by what follows a comma. What was at bit 63 of the 64 bytes before
	// is at bit 0 of the variables with a zero.
	commas, from := uint64(1), ^uint64(1)
	var string0, comma0, separator0, name0, number0, zero0, minus0, carry uint64
	for k := range n {
		c := &all[k]
		in := c.strings
		quotes := in ^ (in<<1 | string0)
		commas |= c.commas
		separators := commas | c.colons
		numbers := c.digits | c.signs
		upTo := c.closers ^ (c.closers - 1) // the first closer, and all before it
		last := c.closers & upTo

		afterComma := commas<<1 | comma0
		after := separators<<1 | separator0
		// A name's quote, added to its string, carries to the closing one.
		sum, carried := bits.Add64(in, afterComma, carry)
		names := sum & quotes &^ in
		leads := after & c.signs
		zeros, minus := leads&c.digits, leads&^c.digits
		starts := quotes&in | numbers&^(numbers<<1|number0)

		wrong := from &^ (in | quotes | numbers | separators | last) // bytes that are none of these
		wrong |= starts ^ after                                      // a name or value, and only there
		wrong |= afterComma & numbers                                // a name is a string
		wrong |= (names<<1 | name0) ^ c.colons                       // behind each name, and only there
		wrong |= c.signs &^ c.digits &^ leads                        // a minus sign inside a number
		wrong |= (zeros<<1 | zero0) & c.digits                       // 01
		wrong |= (minus<<1 | minus0) &^ (c.digits &^ c.signs)        // - without a number, or -0
		if wrong&upTo != 0 {
			return -1
		}
		if last != 0 {
			end := i + k*classBytes + bits.TrailingZeros64(last)
			if b[end] != '}' {
				return -1
			}
			return end + 1
		}
		string0, comma0, separator0, name0 = in>>63, commas>>63, separators>>63, names>>63
		number0, zero0, minus0 = numbers>>63, zeros>>63, minus>>63
		from, commas, carry = ^uint64(0), 0, carried
	}
	return -1
}

// skipStatObject is skipValue for what should be a stat object.
func skipStatObject(b []byte, i, depth int) int {
	if end := skipFlat(b, i, flatBlocks); end >= 0 {
		return end
	}
	return skipValue(b, i, depth)
}

// flatStrings reads the array of plain strings whose bracket is at i, and appends to a list
// those that keep accepts. It returns the index behind the array.
func (d *Decoder) flatStrings(i int, to [][]byte, keep func([]byte) bool) ([][]byte, int) {
	var all [flatBlocks]classes
	arena, words := len(d.arena), len(to)
	commas, from := uint64(1), ^uint64(1) // a bracket is followed by what follows a comma
	var string0, comma0 uint64
	for b := d.line; wide && len(b)-i >= classBytes; {
		n := min((len(b)-i)/classBytes, flatBlocks)
		if b[i-1] == '\\' && b[i] != '/' || !classify(&b[i], &all[0], n, -string0) {
			break
		}
		for k := range n {
			c := &all[k]
			in := c.strings
			quotes := in ^ (in<<1 | string0)
			opens := quotes & in
			commas |= c.commas
			upTo := c.closers ^ (c.closers - 1)
			last := c.closers & upTo
			wrong := from &^ (in | quotes | commas | last) // bytes that are none of these
			wrong |= opens ^ (commas<<1 | comma0)          // a string, and only there
			if wrong&upTo != 0 {
				return d.forget(to, words, arena)
			}
			for opens &= upTo; opens != 0; opens &= opens - 1 {
				at := i + bits.TrailingZeros64(opens) + 1
				if keep != nil && (at >= len(b) || !mayKeep(b[at])) {
					continue
				}
				s, next := d.text(at)
				if next < 0 {
					return d.forget(to, words, arena)
				}
				if keep == nil || keep(s) {
					to = append(to, s)
				}
			}
			if last != 0 {
				if i += bits.TrailingZeros64(last); b[i] != ']' {
					return d.forget(to, words, arena)
				}
				return to, i + 1
			}
			string0, comma0 = in>>63, commas>>63
			from, commas = ^uint64(0), 0
			i += classBytes
		}
	}
	return d.forget(to, words, arena)
}

// forget takes back what flatStrings did.
func (d *Decoder) forget(to [][]byte, words, arena int) ([][]byte, int) {
	d.arena = d.arena[:arena]
	return to[:words], -1
}
