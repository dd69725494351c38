package plist

// Bounds. A preferences file has some kilobytes, seldom a hundred, and at most some
// thousand values. What follows leaves room for many times that, and keeps all that is
// allocated to decode the worst document below 64 MiB.
const (
	MaxSize     = 2 << 20 // bytes of a file
	MaxTextSize = 1 << 20 // bytes of text: macOS gives all arguments together no more

	maxDepth      = 128     // containers within each other
	maxValues     = 1 << 15 // keys and values, each counted at every place that refers to it
	maxContainers = 1 << 13 // arrays and dictionaries: the library takes over 1 KiB for each
	maxContent    = 4 << 20 // bytes of strings and data, counted at every place too
)

// cost adds up what a document will take to decode.
type cost struct {
	values     int
	containers int
	content    int
}

// addValue counts one key or value that stands at an offset.
func (d *document) addValue(offset int) error {
	d.values++
	if d.values > maxValues {
		return d.fail(ErrTooLarge, offset, "more than %d values", maxValues)
	}
	return nil
}

// addContainer counts an array or dictionary that has depth others around it.
func (d *document) addContainer(offset, depth int) error {
	d.containers++
	if d.containers > maxContainers {
		return d.fail(ErrTooLarge, offset, "more than %d arrays and dictionaries", maxContainers)
	}
	if depth >= maxDepth {
		return d.fail(ErrTooDeep, offset, "more than %d arrays and dictionaries within each other", maxDepth)
	}
	return nil
}

// addBytes counts the content of a string or of data.
func (d *document) addBytes(offset, n int) error {
	d.content += n
	if d.content > maxContent {
		return d.fail(ErrTooLarge, offset, "more than %d bytes of strings and data", maxContent)
	}
	return nil
}
