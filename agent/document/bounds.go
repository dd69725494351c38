package document

// Bounds of text from outside in one alert beside those of package clip, in bytes of JSON.
// Together they keep every alert below maxDocument, whatever the text holds.
const (
	argsBytes       = 8 << 10   // all arguments
	parentArgsBytes = 2 << 10   // all arguments of the parent
	commandBytes    = 384       // a command line of the evidence
	pathBytes       = 256       // an executable's path in the evidence
	maxRedacted     = 64 << 10  // arguments that are searched for passwords: more than an alert shows of any
	MaxDocument     = 128 << 10 // a whole alert; what collectors take as one event
)
