package forward

import (
	"io"
	"log"
)

// quiet returns a logger for servers that are treated badly on purpose.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }
