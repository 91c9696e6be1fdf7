export function Brand() {
  return (
    <>
      <svg viewBox="0 0 32 32" aria-hidden="true">
        <rect width="32" height="32" rx="7" fill="#1f4fd1" />
        <g fill="none" stroke="#fff" strokeWidth="2.6" strokeLinecap="round" strokeLinejoin="round">
          <path d="M23 16a7 7 0 1 1-2.2-5.1" />
          <path d="M24 7v5h-5" />
        </g>
        <path d="M14 12.6v6.8l5.4-3.4z" fill="#fff" />
      </svg>
      Retrace
    </>
  )
}
