package main

import (
	"image"
	"image/color"
	"image/draw"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCrop(t *testing.T) {
	t.Parallel()
	whole := image.NewRGBA(image.Rect(0, 0, 4, 100))
	draw.Draw(whole, whole.Bounds(), image.White, image.Point{}, draw.Src)
	whole.Set(3, 41, color.Black)
	cut, err := crop(whole)
	require.NoError(t, err)
	assert.Equal(t, image.Rect(0, 0, 4, 41+bottom), cut.Bounds())
	assert.Equal(t, color.RGBA{A: 0xff}, cut.At(3, 41))

	whole.Set(0, 99, color.Black)
	_, err = crop(whole)
	assert.ErrorContains(t, err, "not higher than what it shows")
}

// The committed picture is as wide as a comment in a wide window, and small; go run ./docs renews it.
func TestCommittedStill(t *testing.T) {
	t.Parallel()
	file, err := os.Open("pull-request.png")
	require.NoError(t, err)
	defer file.Close()
	config, format, err := image.DecodeConfig(file)
	require.NoError(t, err)
	assert.Equal(t, "png", format)
	assert.Equal(t, 886, config.Width)
	info, err := file.Stat()
	require.NoError(t, err)
	assert.Less(t, info.Size(), int64(200_000), "a visitor waits for it")
}
