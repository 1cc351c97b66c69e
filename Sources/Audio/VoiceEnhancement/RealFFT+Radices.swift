/// Radix 4 and 5 passes of the transform.
extension RealFFT {
    typealias Planes = (re: UnsafeMutablePointer<SIMD4<Float>>, im: UnsafeMutablePointer<SIMD4<Float>>)

    @_noLocks func radix4(_ from: Planes, _ into: Planes, _ turns: Samples, count: Int, width: Int) {
        let step = width &* count
        for turn in 0..<count {
            let w = unsafe turns.advanced(by: 6 &* turn)
            let (w1Re, w1Im, w2Re, w2Im, w3Re, w3Im) = unsafe (w[0], w[1], w[2], w[3], w[4], w[5])
            for index in 0..<width {
                let at = index &+ width &* turn
                let (aRe, aIm, bRe, bIm) = unsafe (from.re[at], from.im[at], from.re[at &+ step], from.im[at &+ step])
                let (cRe, cIm) = unsafe (from.re[at &+ 2 &* step], from.im[at &+ 2 &* step])
                let (dRe, dIm) = unsafe (from.re[at &+ 3 &* step], from.im[at &+ 3 &* step])
                let (sumRe, sumIm, differenceRe, differenceIm) = (aRe + cRe, aIm + cIm, aRe - cRe, aIm - cIm)
                let (otherRe, otherIm, oddRe, oddIm) = (bRe + dRe, bIm + dIm, bIm - dIm, dRe - bRe)
                let out = index &+ width &* 4 &* turn
                unsafe into.re[out] = sumRe + otherRe
                unsafe into.im[out] = sumIm + otherIm
                let (oneRe, oneIm) = (differenceRe + oddRe, differenceIm + oddIm)
                unsafe into.re[out &+ width] = oneRe * w1Re - oneIm * w1Im
                unsafe into.im[out &+ width] = oneRe * w1Im + oneIm * w1Re
                let (twoRe, twoIm) = (sumRe - otherRe, sumIm - otherIm)
                unsafe into.re[out &+ 2 &* width] = twoRe * w2Re - twoIm * w2Im
                unsafe into.im[out &+ 2 &* width] = twoRe * w2Im + twoIm * w2Re
                let (threeRe, threeIm) = (differenceRe - oddRe, differenceIm - oddIm)
                unsafe into.re[out &+ 3 &* width] = threeRe * w3Re - threeIm * w3Im
                unsafe into.im[out &+ 3 &* width] = threeRe * w3Im + threeIm * w3Re
            }
        }
    }

    @_noLocks func radix5(_ from: Planes, _ into: Planes, _ turns: Samples, count: Int, width: Int) {
        let (cos1, cos2): (Float, Float) = (0.309_016_994_375, -0.809_016_994_375)
        let (sin1, sin2): (Float, Float) = (0.951_056_516_295, 0.587_785_252_292)
        let step = width &* count
        for turn in 0..<count {
            let w = unsafe turns.advanced(by: 8 &* turn)
            for index in 0..<width {
                let at = index &+ width &* turn
                let (aRe, aIm, bRe, bIm) = unsafe (from.re[at], from.im[at], from.re[at &+ step], from.im[at &+ step])
                let (cRe, cIm) = unsafe (from.re[at &+ 2 &* step], from.im[at &+ 2 &* step])
                let (dRe, dIm) = unsafe (from.re[at &+ 3 &* step], from.im[at &+ 3 &* step])
                let (eRe, eIm) = unsafe (from.re[at &+ 4 &* step], from.im[at &+ 4 &* step])
                let (outerRe, outerIm, innerRe, innerIm) = (bRe + eRe, bIm + eIm, cRe + dRe, cIm + dIm)
                let (outRe, outIm, inRe, inIm) = (bRe - eRe, bIm - eIm, cRe - dRe, cIm - dIm)
                let (pRe, pIm) = (aRe + outerRe * cos1 + innerRe * cos2, aIm + outerIm * cos1 + innerIm * cos2)
                let (qRe, qIm) = (aRe + outerRe * cos2 + innerRe * cos1, aIm + outerIm * cos2 + innerIm * cos1)
                // Times -i: (re, im) becomes (im, -re).
                let (rRe, rIm) = (outIm * sin1 + inIm * sin2, -(outRe * sin1 + inRe * sin2))
                let (sRe, sIm) = (outIm * sin2 - inIm * sin1, inRe * sin1 - outRe * sin2)
                let out = index &+ width &* 5 &* turn
                unsafe into.re[out] = aRe + outerRe + innerRe
                unsafe into.im[out] = aIm + outerIm + innerIm
                unsafe turned(pRe + rRe, pIm + rIm, by: w, 0, into, out &+ width)
                unsafe turned(qRe + sRe, qIm + sIm, by: w, 2, into, out &+ 2 &* width)
                unsafe turned(qRe - sRe, qIm - sIm, by: w, 4, into, out &+ 3 &* width)
                unsafe turned(pRe - rRe, pIm - rIm, by: w, 6, into, out &+ 4 &* width)
            }
        }
    }

    @inline(__always) @_noLocks private func turned(
        _ re: SIMD4<Float>, _ im: SIMD4<Float>, by w: Samples, _ at: Int, _ into: Planes, _ out: Int
    ) {
        let (wRe, wIm) = unsafe (w[at], w[at &+ 1])
        unsafe into.re[out] = re * wRe - im * wIm
        unsafe into.im[out] = re * wIm + im * wRe
    }
}
