(module
  (type (;0;) (func (param i64)))
  (type (;1;) (func (param i64 i64) (result i64)))
  (import "host" "fail" (func $fail (;0;) (type 0)))
  (import "host" "slow" (func $slow (;1;) (type 1)))
  (memory (;0;) 1)
  (export "memory" (memory 0))
  (export "_start" (func $main))
  (func $main (;2;) (type 1) (param i64 i64) (result i64)
    (local i64 i64)
    local.get 1
    local.set 2
    loop ;; label = @1
      local.get 2
      i64.const 2
      i64.lt_s
      (@metadata.code.branch_hint "\00")
      if ;; label = @2
        local.get 2
        call $fail
        unreachable
      end
      local.get 0
      local.get 2
      i64.add
      local.tee 3
      i64.const 2
      i64.shl
      i64.const 2
      i64.shr_s
      local.get 3
      i64.ne
      (@metadata.code.branch_hint "\00")
      if ;; label = @2
        local.get 0
        local.get 2
        call $slow
        local.set 3
      end
      local.get 2
      i64.const 1
      i64.sub
      local.tee 2
      local.get 1
      i64.gt_s
      local.get 3
      local.set 0
      br_if 0 (;@1;)
    end
    local.get 3
  )
  (@producers
    (processed-by "mochi-wasm" "0.1.0")
  )
)
