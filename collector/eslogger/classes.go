package eslogger

// classes says of 64 bytes of text which are what: bit n is the byte n. All but strings
// speak only of bytes outside strings.
type classes struct {
	strings uint64 // from an opening quote to the last byte before the closing one
	digits  uint64
	signs   uint64 // minus signs and zeros
	commas  uint64
	colons  uint64
	closers uint64 // } and ]
}

// classBytes is how many bytes a classes is about.
const classBytes = 64
