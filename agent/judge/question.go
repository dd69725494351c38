package judge

import (
	"time"

	"hooksnare/agent/document"
	"hooksnare/detect"
)

// Question is what an alert wants to know of the disk.
type Question struct {
	Share  detect.Share // whose bounds the examination counts against
	Values []string     // of hooks: what they point to
	File   string       // the preferences file; "" if it is not known
	At     time.Time    // of the event
	// Watched says that what is found is what the watch of the program starts from.
	Watched bool
}

// maxQuestions bounds the values of one question: a command sets two hooks at the most that
// anything reads.
const maxQuestions = 4

// Examine answers a question and calls judge with the answer, at once or from another
// goroutine. waits tells judge whether it may wait for a disk.
type Examine func(q Question, judge func(x *document.Examination, waits bool))
