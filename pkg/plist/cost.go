package plist

import "slices"

// Bounds. A preferences file has some kilobytes, seldom a hundred, and at most some
// thousand values. What follows leaves room for many times that, and keeps all that is
// allocated to decode the worst document below 64 MiB.
const (
	MaxSize     = 2 << 20 // bytes of a file
	MaxTextSize = 1 << 20 // bytes of text: macOS gives all arguments together no more

	maxDepth      = 520     // containers within each other: CoreFoundation reads 512 or so
	maxValues     = 1 << 15 // keys and values that are kept, each counted at every place that refers to it
	maxContainers = 1 << 13 // arrays and dictionaries that are kept
	maxContent    = 4 << 20 // bytes of strings and data that are kept, counted at every place too
)

// document is what the readers have in common: the bytes, what is wanted of them, what that has
// cost so far, and how to refuse them.
type document struct {
	form string
	b    []byte

	wanted []string // keys of the top dictionary of which the value is kept; nil for everything
	skip   bool     // what is read now is not kept
	depth  int      // containers around it
	odd    bool     // CoreFoundation may read it in another way
	unsure bool     // what was read of it may be read in another way
	broken error    // why the value of a wanted key can't be read
	rest   error    // what is after its end, where CoreFoundation does not look

	values, containers, content int // kept so far
}

// openContainer counts an array or dictionary and enters it. Where keys are wanted the first must be
// a dictionary.
func (d *document) openContainer(offset int, dict bool) error {
	if d.wanted != nil && d.depth == 0 && !dict {
		return d.fail(ErrMalformed, offset, "array at the top: expected a dictionary")
	}
	if d.depth >= maxDepth {
		return d.fail(ErrTooDeep, offset, "more than %d arrays and dictionaries within each other", maxDepth)
	}
	d.depth++
	if d.skip {
		return nil
	}
	if d.containers++; d.containers > maxContainers {
		return d.fail(ErrTooLarge, offset, "more than %d arrays and dictionaries", maxContainers)
	}
	return nil
}

func (d *document) closeContainer() { d.depth-- }

// finds reports whether only some keys of the top dictionary are wanted, and that is the one
// that is being read.
func (d *document) finds() bool { return d.wanted != nil && d.depth == 1 }

// enterValue says that the value of a key follows. Its result is for leaveValue.
func (d *document) enterValue(key string) (skipped bool) {
	skipped = d.skip
	if d.finds() {
		d.skip = !slices.Contains(d.wanted, key)
	}
	return skipped
}

// leaveValue says that the value was read, and reports whether it is kept.
func (d *document) leaveValue(skipped bool) (kept bool) {
	kept = !d.skip
	d.skip = skipped
	return kept
}

// addValue counts one key or value that stands at an offset.
func (d *document) addValue(offset int) error {
	if d.skip || d.finds() {
		return nil
	}
	if d.values++; d.values > maxValues {
		return d.fail(ErrTooLarge, offset, "more than %d values", maxValues)
	}
	return nil
}

// addBytes counts the content of a string or of data.
func (d *document) addBytes(offset, n int) error {
	if d.skip {
		return nil
	}
	if d.content += n; d.content > maxContent {
		return d.fail(ErrTooLarge, offset, "more than %d bytes of strings and data", maxContent)
	}
	return nil
}
